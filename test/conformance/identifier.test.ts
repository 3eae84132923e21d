/**
 * Any Unicode name, quoted by us and asked of the real servers: the column that comes back bears exactly that name,
 * and a literal comes back as exactly that text. Seeds are printed; HEADGATE_SEED repeats a run.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { mysqlName, postgresLiteral, postgresName } from "../../src/safety/identifier.js";
import { openDriver, sourceUrl } from "../world/source-database.js";
import { targetDatabase } from "../world/target-database.js";

const given = process.env["HEADGATE_SEED"];
const seed = given === undefined ? freshSeed() : Number(given);
process.stdout.write(`identifier seed ${String(seed)}\n`);

const hostile = fc.constantFrom(
  '"',
  "`",
  "'",
  "\\",
  ";",
  "--",
  "/*",
  "\n",
  " ",
  "$1",
  "?",
  "; drop table t",
  "select",
);
const piece = fc.oneof(hostile, fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }));
const anyText = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(""))
  .filter((text) => text.isWellFormed() && !text.includes("\0"));

it("PostgreSQL reads back every name and every literal", async () => {
  await using target = await targetDatabase("hg_identifier");
  await fc.assert(
    fc.asyncProperty(
      anyText.filter((name) => Buffer.byteLength(name) <= 63),
      anyText,
      async (name, text) => {
        const rows = await target.sql(`SELECT ${postgresLiteral(text)} AS ${postgresName(name)}`);
        expect(Object.entries(rows[0] ?? {})).toEqual([[name, text]]);
      },
    ),
    { seed, numRuns: 60 },
  );
});

it("MySQL reads back every name that it takes", async () => {
  const driver = await openDriver(await sourceUrl("mysql9"));
  try {
    await fc.assert(
      fc.asyncProperty(
        // MySQL itself takes no astral characters and no blank at the end of a name.
        anyText.filter(
          (name) => !/[\u{10000}-\u{10ffff}]/u.test(name) && name.trim() === name && name !== "",
        ),
        async (name) => {
          const [, fields] = await driver.query(`SELECT 1 AS ${mysqlName(name)}`);
          expect(fields[0]?.name).toBe(name);
        },
      ),
      { seed, numRuns: 100 },
    );
  } finally {
    await driver.end();
  }
});
