/**
 * The promise of the change stream, end to end: the seeded writer changes the source in every way that it knows while
 * the copy begins, runs and ends, while the log is replayed, while keys are built at the join, and after it. When it
 * stops, one last row that it commits proves that all before it is applied, and the oracle, which shares no code with the
 * engine, must find both sides equal; the writer's own log must be the target's journal.
 * HEADGATE_SEED=n runs one seed alone.
 */
import { describe, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { streamed } from "./writer/streamed.js";
import { serversAreNamed, testSources, testTargets } from "./matrix.js";

const chosen = process.env["HEADGATE_SEED"];
const seed = chosen === undefined || chosen === "" ? null : Number(chosen);
/** MySQL 5.6 too, whose log has neither GTIDs nor anything about its tables' columns. */
const sources = serversAreNamed ? testSources : (["mysql9", "mysql56", "mariadb"] as const);

const [targetServer = "postgres18"] = testTargets;

describe.each(sources)("a writer on %s", (server) => {
  it("is on the target, all tables in one lane", async () => {
    await streamed({ name: "hg_stream", server, seed: seed ?? 20_261_126, targetServer, lanes: "one" });
  });

  it("is on the target when what is not tied goes its own way, in many lanes", async () => {
    await streamed({ name: "hg_stream", server, seed: seed ?? freshSeed(), targetServer, lanes: "auto" });
  });
});
