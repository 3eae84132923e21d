/**
 * The few packets of the MySQL protocol that Headgate speaks itself after the handshake: text query, prepare,
 * execute, close on the way out; OK, EOF, ERR and column definitions on the way in. Parameters travel as text
 * only and are cast in the statement, where the type is written for everybody to see.
 */
import { Fault } from "../../../src/errors.js";
import { sourceFault } from "../server-error.js";

export const firstByte = { ok: 0x00, localInfile: 0xfb, eof: 0xfe, err: 0xff } as const;

/** Status flag: another result follows. */
const moreResults = 0x0008;

const largestPayload = 0xffffff;

/** COM_QUERY: one statement in the text protocol. */
export function queryPacket(sql: string): Buffer {
  return commandPacket(0x03, Buffer.from(sql));
}

/** COM_STMT_PREPARE. */
export function preparePacket(sql: string): Buffer {
  return commandPacket(0x16, Buffer.from(sql));
}

/** COM_STMT_EXECUTE without a cursor, every parameter a text in the connection's character set. */
export function executePacket(statement: number, params: readonly string[]): Buffer {
  const texts = params.map((param) => Buffer.from(param));
  const head = Buffer.alloc(9);
  head.writeUInt32LE(statement, 0);
  head.writeUInt32LE(1, 5);
  if (texts.length === 0) return commandPacket(0x17, head);
  const types = Buffer.alloc(Math.ceil(texts.length / 8) + 1 + texts.length * 2);
  types[Math.ceil(texts.length / 8)] = 1;
  for (let i = 0; i < texts.length; i++) types[Math.ceil(texts.length / 8) + 1 + i * 2] = 0xfd;
  return commandPacket(
    0x17,
    Buffer.concat([head, types, ...texts.flatMap((text) => [lengthOf(text), text])]),
  );
}

/** COM_STMT_CLOSE; the server does not answer. */
export function closePacket(statement: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(statement, 0);
  return commandPacket(0x19, body);
}

/** COM_QUIT; the server answers by closing. */
export function quitPacket(): Buffer {
  return commandPacket(0x01, Buffer.alloc(0));
}

/** A command and its body in one packet. */
export function commandPacket(code: number, body: Buffer): Buffer {
  const length = 1 + body.length;
  if (length >= largestPayload) throw new Fault("bug", "A statement of 16 MB was to be sent to the source.");
  const packet = Buffer.allocUnsafe(4 + length);
  packet.writeUIntLE(length, 0, 3);
  packet[3] = 0;
  packet[4] = code;
  body.copy(packet, 5);
  return packet;
}

function lengthOf(text: Buffer): Buffer {
  if (text.length < 251) return Buffer.from([text.length]);
  const out = Buffer.alloc(text.length < 0x10000 ? 3 : 4);
  out[0] = text.length < 0x10000 ? 0xfc : 0xfd;
  out.writeUIntLE(text.length, 1, out.length - 1);
  return out;
}

/** A length-encoded integer and where it ends. Lengths past 2^53 do not exist on the wire. */
export function lengthAt(buf: Buffer, at: number): { readonly value: number; readonly next: number } {
  const first = buf[at] ?? 0;
  if (first < 0xfb) return { value: first, next: at + 1 };
  if (first === 0xfc) return { value: buf.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { value: buf.readUIntLE(at + 1, 3), next: at + 4 };
  return { value: Number(buf.readBigUInt64LE(at + 1)), next: at + 9 };
}

/** The Fault that an ERR packet tells. */
export function refusal(buf: Buffer, start: number, end: number, place: string, doing: string): Fault {
  const errno = buf.readUInt16LE(start + 1);
  // The SQL state stands between the number and the text, marked by '#'; early errors have none.
  const text = buf.toString("utf8", buf[start + 3] === 0x23 ? start + 9 : start + 3, end);
  return sourceFault(Object.assign(new Error(text), { errno }), place, doing);
}

/** What ends a result: the warnings that it made. Throws when the server announces a further result, which nothing of ours asks for. */
export function endOfResult(
  buf: Buffer,
  start: number,
  deprecateEof: boolean,
): { readonly warnings: number } {
  let at = start + 1;
  let status: number;
  let warnings: number;
  if (deprecateEof) {
    // An OK packet under the EOF's first byte: affected rows, last insert id, status, warnings.
    at = lengthAt(buf, at).next;
    at = lengthAt(buf, at).next;
    status = buf.readUInt16LE(at);
    warnings = buf.readUInt16LE(at + 2);
  } else {
    warnings = buf.readUInt16LE(at);
    status = buf.readUInt16LE(at + 2);
  }
  if ((status & moreResults) !== 0)
    throw new Fault("bug", "The source announced a second result for one statement.");
  return { warnings };
}

/** Type and character set of a column definition. They stand at its end, behind names of any length. */
export interface ColumnType {
  readonly type: number;
  readonly charset: number;
  readonly unsigned: boolean;
  readonly decimals: number;
}

export function columnType(buf: Buffer, end: number): ColumnType {
  return {
    charset: buf.readUInt16LE(end - 12),
    type: buf[end - 6] ?? 0,
    unsigned: (buf.readUInt16LE(end - 5) & 0x20) !== 0,
    decimals: buf[end - 3] ?? 0,
  };
}
