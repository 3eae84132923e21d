/**
 * The promise of the change stream, end to end: the seeded writer changes the source in every way that it knows while
 * the copy begins, runs and ends, while the log is replayed, while keys are built at the join, and after it. When it
 * stops, one last row that it commits proves that all before it is applied, and the oracle, which shares no code with the
 * engine, must find both sides equal; the writer's own log must be the target's journal.
 * HEADGATE_SEED=n runs one seed alone.
 */
import { it } from "vitest";
import { freshSeed, streamed } from "./writer/streamed.js";
import { fromSources } from "./from-sources.js";

const fixed = [20261126];
const chosen = process.env["HEADGATE_SEED"];
const seeds = chosen === undefined || chosen === "" ? [...fixed, freshSeed()] : [Number(chosen)];

fromSources(["mysql9", "mysql56", "mariadb"], "a writer on %s", (server) => {
  it.each(seeds)("of seed %i is on the target, one lane", async (seed) => {
    await streamed({ name: "hg_stream", server, seed, lanes: "one" });
  });

  it("is on the target when what is not tied goes its own way, in many lanes", async () => {
    await streamed({ name: "hg_stream", server, seed: freshSeed(), lanes: "auto" });
  });
});
