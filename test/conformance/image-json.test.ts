/**
 * MySQL's binary JSON out of the log, against the text that SELECT prints: generated documents, 20,000 random doubles
 * (as columns too), and everything that JSON has no type for. Then the same bytes cut short and changed: what comes
 * out is a document or a Fault, soon, and nothing else. HEADGATE_SEED repeats a run; the gate takes ten times as much.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { jsonReading } from "../../connectors/mysql/image/json.js";
import { ProtocolRow } from "../../src/typemap/protocol-row.js";
import { Fault } from "../../src/errors.js";
import { testSources } from "../world/matrix.js";
import { sourceUrl } from "../world/source-database.js";
import type { CodecCase } from "./cases-scalar.js";
import { optionsOf, planned } from "./codec-world.js";
import { changesOf, copiedRows, firstDifference, freshDatabase, logEnd } from "./image-world.js";
import { seeded } from "./sources.js";
import * as d from "./values-document.js";
import { text } from "./values.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
const more = gate ? 10 : 1;

const column = (ddl: string, target: string): CodecCase => ({
  ddl,
  target,
  values: fc.constant("NULL"),
  extremes: [],
});

/** Any finite double, by its bits. */
function someDouble(random: () => number): number {
  const bytes = Buffer.alloc(8);
  for (;;) {
    for (let k = 0; k < 8; k++) bytes[k] = Math.floor(random() * 256);
    const value = bytes.readDoubleLE(0);
    if (Number.isFinite(value)) return value;
  }
}

/** Doubles near the places where their notation changes, and whole ones of any size. */
function nearDouble(random: () => number): number {
  const digits = Math.floor(random() * 17) + 1;
  const mantissa = Math.floor(random() * 10 ** digits);
  return (random() < 0.5 ? -1 : 1) * Number(`${mantissa}e${Math.floor(random() * 50) - 30}`);
}

/** Doubles as prices are: few digits, few of them after the point. */
function shortDouble(random: () => number): number {
  const digits = Math.floor(random() * 13) + 1;
  return (random() < 0.5 ? -1 : 1) * (Math.floor(random() * 10 ** digits) / 10 ** Math.floor(random() * 6));
}

/** Documents with values of types that JSON has not: ways to write each, with 0 to 300 bytes in them. */
const opaque: readonly string[] = [
  ...[0, 1, 56, 57, 58, 114, 300].map((size) => `JSON_OBJECT('k', CAST(REPEAT('x', ${size}) AS BINARY))`),
  "JSON_ARRAY(CAST('2015-01-15 23:24:25.12' AS DATETIME(3)), CAST('0000-00-00 00:00:00' AS DATETIME), CAST('9999-12-31 23:59:59.999999' AS DATETIME(6)))",
  "JSON_ARRAY(CAST('2015-01-15' AS DATE), CAST('0001-01-01' AS DATE), TIMESTAMP('1970-01-01 00:00:01'))",
  "JSON_ARRAY(CAST('-838:59:59' AS TIME), CAST('838:59:59' AS TIME), CAST('-00:00:00.000001' AS TIME(6)), CAST('00:00:00' AS TIME), CAST('23:00:00.5' AS TIME(1)))",
  "JSON_ARRAY(1.10, -0.00, 123456789012345678901234567890.123456789, CAST('-99999999999999999999999999999999999.999999999999999999999999999999' AS DECIMAL(65,30)), CAST(0 AS DECIMAL(1,0)), 0.000000001)",
  "JSON_ARRAY(b'101', x'00ff', ST_GeomFromText('POINT(1 2)'), TRUE, NULL, 18446744073709551615, -9223372036854775808)",
  "JSON_OBJECT('', '', '__proto__', 1, REPEAT('k', 65535), 2)",
  "JSON_ARRAY(REPEAT('x', 70000), JSON_OBJECT('a', 2147483648, 'b', -32769, 'c', 65536, 'd', 1.0))",
  "CAST('1' AS JSON)",
  "CAST('null' AS JSON)",
  "JSON_QUOTE(CHAR(1, 8, 9, 10, 12, 13, 27, 34, 92, 127, 31 USING utf8mb4))",
];

it.each(testSources.filter((name) => name === "mysql9"))(
  `JSON of %s is the text that SELECT prints (seed ${seed})`,
  { timeout: 300_000 },
  async () => {
    const url = await sourceUrl("mysql9");
    await using admin = await freshDatabase(url);
    const { driver } = admin;
    const random = seeded(seed);
    const tried = [column("JSON", "text"), column("JSON", "jsonb"), column("DOUBLE", "double precision")];
    await driver.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, c0 JSON, c1 JSON, c2 DOUBLE)");
    const start = await logEnd(driver);
    const insert = async (rows: readonly string[]): Promise<void> => {
      for (let at = 0; at < rows.length; at += 500)
        await driver.query(`INSERT INTO t (c0, c1, c2) VALUES ${rows.slice(at, at + 500).join(", ")}`);
    };
    // NUL and what else jsonb does not hold stay out of the second column.
    await insert(opaque.map((expression) => `(${expression}, NULL, NULL)`));
    const kinds = [someDouble, nearDouble, shortDouble];
    const doubles = Array.from({ length: 20_000 * more }, (_, i) => kinds[i % 3]!(random));
    const literals = doubles.map((value) => (Object.is(value, -0) ? "-0e0" : value.toExponential()));
    await insert(literals.map((literal) => `(JSON_ARRAY(${literal}), NULL, ${literal})`));
    const documents = fc.sample(d.json, { seed, numRuns: 3000 * more });
    await insert(
      [...d.jsonsOf, text(d.nested(99)), ...documents].map((document) => `(${document}, ${document}, NULL)`),
    );

    const table = await planned(url, tried);
    const copied = await copiedRows(url, table, "mysql");
    const binary: Buffer[] = [];
    const changes = await changesOf(optionsOf(url), "mysql", table, start, (_shape, bytes, at, end) => {
      // The first document begins behind the null bitmap, the id and its own length.
      if (((bytes[at] ?? 0) & 2) === 0) {
        const length = bytes.readUInt32LE(at + 5);
        binary.push(Buffer.from(bytes.subarray(at + 9, Math.min(end, at + 9 + length))));
      }
    });
    expect(changes.length).toBe(copied.length);
    const problems = changes.flatMap(({ after }, row) => firstDifference(table, after!, copied[row]!) ?? []);
    expect(problems.slice(0, 20)).toEqual([]);

    const small = binary.filter(({ length }) => length < 2000);
    const outcomes = { documents: 0, faults: 0 };
    for (let i = 0; i < 200_000 * more; i++) {
      const bytes = mutated(small[Math.floor(random() * small.length)]!, random);
      const outcome = read(bytes);
      if (outcome === null) outcomes.faults++;
      else {
        outcomes.documents++;
        // A document of doubles and text that JSON itself can read.
        JSON.parse(outcome);
      }
    }
    console.log(`JSON, seed ${seed}: ${changes.length} rows equal; mutated: ${JSON.stringify(outcomes)}`);
    expect(outcomes.documents).toBeGreaterThan(1000);
    expect(outcomes.faults).toBeGreaterThan(1000);
  },
);

/** Some bytes changed, or cut off, or put there. */
function mutated(document: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(document);
  for (let changes = Math.floor(random() * 3); changes >= 0 && bytes.length > 0; changes--) {
    const at = Math.floor(random() * bytes.length);
    bytes[at] =
      random() < 0.3 ? [0, 1, 2, 3, 255, 128][Math.floor(random() * 6)]! : Math.floor(random() * 256);
  }
  return random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

const row = new ProtocolRow();

/** The text, or null for a Fault; anything else that is thrown is a failure of the test. */
function read(bytes: Buffer): string | null {
  // Zeros that no reading may reach stand behind.
  const source = Buffer.concat([bytes, Buffer.alloc(64)]);
  row.begin(1, bytes.length);
  const head = row.at;
  try {
    jsonReading.write!(source, 0, bytes.length, row);
  } catch (error) {
    if (error instanceof Fault && error.code === "log-refused") return null;
    throw error;
  }
  row.finish();
  return row.bytes.toString("utf8", head + (row.bytes[head] === 0xfc ? 3 : 9), row.at);
}
