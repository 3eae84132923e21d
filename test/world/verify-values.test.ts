/**
 * Values of rows, some of which try to be markup, quotes or a forged line, through everything that a verification leaves
 * behind: both streams of `verify`, `repair`, `status` and `report`, the page, every file, the ledger. None is anywhere, as
 * none is asked for, not even in what a server says of a query that stumbles over one; and both forms of the report fit.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";

const canary = "Kan4ri";
const values = [
  `${canary} "${canary}" '${canary}' ${canary}`,
  `</pre></td><script>alert("${canary}")</script><b onmouseover=alert(1)>${canary}</b>`,
  `<pre id="data">{"${canary}":1}</pre><code id="digest">${canary}</code>`,
  `${canary}\r\nerror   forged ${canary}\u202e\u0007`,
  `it's "${canary}`,
];
/** As it stands, and as a codec's bytes or a driver's JSON would have it. */
const traces = [/Kan4ri/iu, /4b616e347269/iu, /S2FuNHJp/u];
const unsafe =
  /<script|<b |\bon\w+\s*=|(?:src|href)\s*=|url\(|@import|<(?:iframe|object|embed|link|base|form|img)\b/iu;

let trip: Journey;

beforeAll(async () => {
  trip = await journey("verify_values");
  trip.configure([
    "verify:",
    "  queries:",
    "    - { name: a number, source: SELECT 1, target: 'SELECT note::integer FROM people WHERE id = 1' }",
    `    - { name: a path, source: "SELECT EXTRACTVALUE('<a/>', CONCAT('~', note)) FROM people WHERE id = 1", target: SELECT 1 }`,
    "    - { name: apart, source: SELECT note FROM people, target: 'SELECT upper(note) FROM people' }",
    "    - { notNull: people.note }",
    "    - { unique: [people.email] }",
  ]);
  await trip.source.sql(
    "CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(200) NOT NULL UNIQUE, note TEXT) CHARACTER SET utf8mb4",
  );
  await trip.source.sql("CREATE TABLE bag (note TEXT) CHARACTER SET utf8mb4");
  for (const [at, value] of values.entries()) {
    await trip.source.sql("INSERT INTO people VALUES (?, ?, ?)", [at + 1, `${String(at)} ${value}`, value]);
    await trip.source.sql("INSERT INTO bag VALUES (?)", [value]);
  }
  await trip.said(0, "run", "--until", "copied");
}, 120_000);
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("are nowhere, and the report fits and does nothing", { timeout: 120_000 }, async () => {
  await trip.target.sql(
    `UPDATE people SET note = note || ' ${canary}' WHERE id IN (1, 2);
     UPDATE people SET email = '${canary}' WHERE id = 3;
     DELETE FROM people WHERE id = 4;
     INSERT INTO people VALUES (99, 'other ${canary}', NULL);
     UPDATE bag SET note = note || '${canary}' WHERE note LIKE 'it''s%'`,
  );
  const said: string[] = [];
  const step = async (code: number, ...args: readonly string[]): Promise<string> => {
    const ended = await trip.headgate(...args);
    said.push(`$ ${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`);
    expect(ended.code, said.at(-1)).toBe(code);
    return ended.stdout;
  };
  await step(2, "verify", "--full");
  await step(2, "verify", "--full", "--method", "digest", "--json");
  await step(2, "verify", "--sample", "100%");
  await step(0, "repair", "--dry-run", "--json");
  const [, , printed] = await Promise.all([
    step(0, "status", "--json"),
    step(0, "report", "--html", "report.html"),
    step(0, "report", "--json"),
  ]);
  const told = said.join("\n");
  for (const name of ["a number", "a path"]) expect(told).toContain(`${name}: refused.`);
  // Row 99 by its note, and by nothing else.
  expect(told).toMatch(/people\.note not null: broken\. .*First keys: \(99\)/u);
  writeFileSync(join(trip.folder, "report.json"), printed);
  await Promise.all(["report.html", "report.json"].map((file) => step(0, "report", "--check", file)));
  const page = readFileSync(join(trip.folder, "report.html"), "utf8");
  expect(page).toContain("Rows of people");
  expect(page).toContain("<svg");
  expect(page).not.toMatch(unsafe);
  await step(2, "repair", "--json");

  const files = readdirSync(trip.folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(trip.folder, file))
    .filter((file) => statSync(file).isFile());
  expect(files.some((file) => file.includes("mismatch"))).toBe(true);
  const tables = await trip.target.sql(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'headgate'",
  );
  const ledger = await Promise.all(
    tables.map(async ({ name }) =>
      JSON.stringify(await trip.target.sql(`SELECT t::text FROM ${name ?? ""} t`)),
    ),
  );
  const artefacts = [...said, ...files.map((file) => `${file}\n${readFileSync(file, "utf8")}`), ...ledger];
  for (const artefact of artefacts) for (const trace of traces) expect(artefact).not.toMatch(trace);
});
