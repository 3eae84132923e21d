/**
 * Asks the server how the bytes of a character set become UTF-8: one query for single bytes, and one each for the
 * two, three and four bytes of the sets of East Asia. The server's own answer is the only exact one: no two libraries
 * agree on these tables, nor do all versions of the servers. Read once a connection, for the plan's columns only.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection } from "../connection.js";
import type { Charset, WriteText } from "./charset.js";
import { byteText, noCharacter, pairText, wideText } from "./charset-text.js";
import type { CharacterTables } from "./charset-text.js";

const asTheyAre = new Set(["utf8mb4", "utf8mb3", "binary"]);
const wide = new Set(["ucs2", "utf16", "utf16le", "utf32"]);

/** Those with characters of three bytes after 0x8F. */
const withThree = new Set(["ujis", "eucjpms"]);
/** Its four-byte characters within Unicode's first plane. */
const fourBytes = 39_420;

export async function readCharset(connection: Connection, name: string, maxBytes: number): Promise<Charset> {
  return { name, maxBytes, write: await writerOf(connection, name, maxBytes) };
}

async function writerOf(connection: Connection, name: string, maxBytes: number): Promise<WriteText | null> {
  if (asTheyAre.has(name)) return null;
  if (wide.has(name)) return wideText(name);
  // It stands in the statements below, where no quoting helps.
  if (!/^[a-z0-9_]+$/u.test(name))
    throw new Fault("bug", `No character set is called ${JSON.stringify(name)}.`);
  const single = new Uint32Array(256).fill(noCharacter);
  await ask(connection, single, `CHAR(n USING ${name})`, 256);
  if (maxBytes === 1) return byteText(single);
  const tables: CharacterTables = {
    single,
    pairs: new Uint32Array(65_536).fill(noCharacter),
    triples: withThree.has(name) ? new Uint32Array(65_536).fill(noCharacter) : null,
    quads: maxBytes === 4 ? new Uint32Array(fourBytes).fill(noCharacter) : null,
  };
  await ask(connection, tables.pairs, `CHAR(n USING ${name})`, 65_536, "n >= 32768");
  if (tables.triples !== null)
    await ask(
      connection,
      tables.triples,
      `CHAR(0x8F, n DIV 256, n MOD 256 USING ${name})`,
      65_536,
      "n >= 32768",
    );
  if (tables.quads !== null) {
    const four = "0x81 + n DIV 12600, 0x30 + n DIV 1260 MOD 10, 0x81 + n DIV 10 MOD 126, 0x30 + n MOD 10";
    await ask(connection, tables.quads, `CHAR(${four} USING ${name})`, 65_536, `n < ${String(fourBytes)}`);
  }
  return pairText(tables);
}

/** Fills the table with the UTF-8 of `character` for each number n; what is no character of the set stays `noCharacter`. */
async function ask(
  connection: Connection,
  table: Uint32Array,
  character: string,
  count: 256 | 65_536,
  where = "TRUE",
): Promise<void> {
  const rows = await connection.query(
    `SELECT n, HEX(CONVERT(${character} USING utf8mb4)) FROM (${numbers(count)}) AS numbers WHERE ${where}`,
  );
  for (const [n, hex] of rows) {
    const bytes = Buffer.from(hex ?? "", "hex");
    // More than one character: the bytes are two characters' and no pair.
    if (bytes.length === 0 || bytes.length !== lengthOf(bytes[0] as number)) continue;
    table[Number(n)] = bytes.readUIntBE(0, bytes.length);
  }
}

/** Bytes of the UTF-8 character that begins with this one. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** A query of the numbers from 0 on, for servers that have no recursion. */
function numbers(count: 256 | 65_536): string {
  const digits = Array.from({ length: 16 }, (_, digit) =>
    digit === 0 ? "SELECT 0 AS d" : `SELECT ${String(digit)}`,
  ).join(" UNION ALL ");
  const of = (name: string): string => `(${digits}) AS ${name}`;
  return count === 256
    ? `SELECT a.d * 16 + b.d AS n FROM ${of("a")}, ${of("b")}`
    : `SELECT a.d * 4096 + b.d * 256 + c.d * 16 + d.d AS n FROM ${of("a")}, ${of("b")}, ${of("c")}, ${of("d")}`;
}
