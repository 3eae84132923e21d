/**
 * inet: MariaDB's INET4 and INET6 (text on the wire) and the 4 or 16 bytes that INET6_ATON makes. PostgreSQL's binary
 * inet is family, prefix bits, is_cidr, length, address. ::ffff:1.2.3.4 stays an IPv6 address on both sides.
 * MariaDB's UUID is text on the wire too.
 */
import { isIPv4, isIPv6 } from "node:net";
import type { CellSink, Pairing } from "./codec.js";
import { utf8Text, uuidText } from "./decode.js";
import { callCell, opCell } from "./family.js";
import type { Family } from "./family.js";
import { refuse } from "./refusal.js";
import { writeUuidText } from "./cells-uuid.js";
import { ops } from "./opcode.js";

const identity = (text: Buffer): Buffer => text;
const asChar = (name: string): string => `CAST(${name} AS CHAR)`;

export const networks: Family = {
  types: ["inet4", "inet6", "uuid"],
  targets(column) {
    return [column.type === "uuid" ? "uuid" : "inet", "text"];
  },
  pair(column, target): Pairing | null {
    if (target.text === "text")
      return {
        cell: opCell(ops.text, 0),
        wireOf: identity,
        canonical: { source: asChar, target: (name) => `${name}::text` },
        decode: utf8Text,
      };
    if (column.type === "uuid")
      return target.text === "uuid"
        ? {
            cell: callCell(0, writeUuidText),
            wireOf: identity,
            canonical: { source: asChar, target: (name) => `${name}::text` },
            decode: uuidText,
          }
        : null;
    if (target.text !== "inet") return null;
    return {
      cell: callCell(0, writeInetText),
      wireOf: identity,
      // The two servers shorten IPv6 differently; their bytes are one form.
      canonical: {
        source: (name) => `HEX(${column.type === "inet4" ? "INET_ATON" : "INET6_ATON"}(${asChar(name)}))`,
        target: (name) => {
          const hex = `upper(substr(encode(inet_send(${name}),'hex'),9))`;
          return column.type === "inet4" ? `upper(to_hex(('x'||lower(${hex}))::bit(32)::bigint))` : hex;
        },
      },
      decode: inetText,
    };
  },
};

/** The address of a field as text, without a prefix. */
function inetText(field: Buffer): string {
  const address = field.subarray(4);
  if (address.length === 4) return [...address].join(".");
  const groups: string[] = [];
  for (let k = 0; k < 16; k += 2) groups.push(address.readUInt16BE(k).toString(16));
  return groups.join(":");
}

export function inetBytesText(field: Buffer): string {
  return field.toString("hex", 4);
}

export function writeInetBytes(source: Buffer, at: number, length: number, out: CellSink): void {
  if (length !== 4 && length !== 16) refuse("bytes that are no address");
  const { bytes, view, at: o } = out;
  view.setInt32(o, 4 + length);
  bytes[o + 4] = length === 4 ? 2 : 3;
  bytes[o + 5] = length * 8;
  bytes[o + 6] = 0;
  bytes[o + 7] = length;
  source.copy(bytes, o + 8, at, at + length);
  out.at = o + 8 + length;
}

function writeInetText(source: Buffer, at: number, length: number, out: CellSink): void {
  const address = addressBytes(source.toString("latin1", at, at + length));
  writeInetBytes(address, 0, address.length, out);
}

function addressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  if (!isIPv6(text) || text.includes("%")) refuse("text that is no address");
  let groups = text;
  const dotted = /(?<=:)\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0];
  if (dotted !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
    groups = text.slice(0, -dotted.length) + `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = "", tail] = groups.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const middle = new Array<string>(8 - left.length - right.length).fill("0");
  const address = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((group, index) =>
    address.writeUInt16BE(parseInt(group, 16), index * 2),
  );
  return address;
}
