/**
 * Hazards of test/hazards and random schemas with their rows, read out of the log and by the copy, in the protocol's own
 * bytes. HEADGATE_SEED=N takes the one random schema of a seed; the gate takes all hazards and 400 schemas.
 */
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import type { SourceEngine } from "../../src/model.js";
import { readHazards } from "../world/hazard/folder.js";
import type { Hazard } from "../world/hazard/folder.js";
import { made } from "../world/hazard/made.js";
import { make, tally } from "../world/random/made.js";
import { randomSchema } from "../world/random/schema.js";
import { compareDeleted, plannedTables, replicated } from "./image-compare.js";
import { testSources } from "../world/matrix.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const alone = process.env["HEADGATE_SEED"];
const seeds =
  alone === undefined ? Array.from({ length: gate ? 400 : 3 }, (_, i) => freshSeed() + i) : [Number(alone)];

/** The server hands out another value than it logs: check refuses the column for that very reason. */
const partsByItself = ({ expected }: Hazard): boolean =>
  expected.findings.some(({ code }) => code === "year-of-two-digits");

describe.each(testSources)("row images of %s", (name) => {
  const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";

  // One of eight in `npm test`, others each time.
  it("are the copy's rows, for the hazards", { timeout: 180_000 }, async () => {
    const [from, step] = gate ? [0, 1] : [freshSeed() % 8, 8];
    await using source = await replicated("hg_image_hazards", name);
    await made(
      source,
      readHazards().filter((hazard, at) => at % step === from && !partsByItself(hazard)),
    );
    const tables = await plannedTables(source, ["*"]);
    const { rows, refused, problems } = await compareDeleted(source, engine, tables);
    console.log(
      `${name}: ${tables.length} tables of hazards (each ${String(step)}th from ${String(from)} on) with ${rows} rows; refused: ${shown(refused)}`,
    );
    expect(problems.join("\n")).toBe("");
    expect(rows).toBeGreaterThan(gate ? 100 : 5);
    // What the log of a server cannot tell: its catalogue's question marks.
    const expected = name === "mysql56" ? [/labels that the source's catalogue cannot print/] : [];
    expect([...refused.values()].filter((why) => !expected.some((known) => known.test(why)))).toEqual([]);
  });

  it("are the copy's rows, for random schemas", { timeout: 600_000 }, async ({ skip }) => {
    if (name === "mysql56") skip("random schemas are of types that MySQL 5.6 does not have");
    console.log(`${name}: random schemas of the seeds ${seeds.join(" ")}`);
    const told: string[] = [];
    let rows = 0;
    for (const seed of seeds) {
      await using source = await replicated("hg_image_random", name);
      await make(source, randomSchema(seed, engine), tally());
      const tables = await plannedTables(source, ["*"]);
      const compared = await compareDeleted(source, engine, tables);
      rows += compared.rows;
      for (const problem of [...compared.problems, ...compared.refused.values()])
        told.push(`HEADGATE_SEED=${String(seed)} (${name}) ${problem}`);
    }
    console.log(`${name}: ${rows} rows of random schemas`);
    expect(told.join("\n")).toBe("");
  });
});

function shown(refused: ReadonlyMap<string, string>): string {
  return [...refused].map(([table, why]) => `${table} (${why})`).join(", ") || "none";
}
