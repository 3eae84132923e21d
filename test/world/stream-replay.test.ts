/**
 * I4: the log may come again. The whole of it is replayed onto the level target, twice, and then suffixes of it that
 * begin at any batch, as a lane does that has forgotten how far it was: the target comes out as it was. Tables without a
 * key are kept from it by their exact cut, since only the ledger makes their replay harmless.
 */
import { expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { seeded } from "./demo/random.js";
import { startLive } from "./live.js";
import { some } from "./writer/plain-operations.js";
import { judged, streamed } from "./writer/streamed.js";
import type { StreamedEnd } from "./writer/streamed.js";

const keyless = ["moves", "loose"];

/** Lets the lane believe that it stands there, and that all up to now lies before its join. */
async function forget({ target }: StreamedEnd, at: string | null): Promise<void> {
  await target.sql("UPDATE headgate.lane SET join_position = position WHERE position IS NOT NULL");
  await target.sql(
    "UPDATE headgate.range r SET position = l.join_position FROM headgate.lane l WHERE r.table_name = ANY ($1)",
    [keyless],
  );
  await target.sql("UPDATE headgate.lane SET position = $1", [at]);
}

it("the whole log twice, and any suffix of it: the same target", async () => {
  const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
  await streamed({
    name: "hg_replay",
    server: "mysql9",
    seed,
    lanes: "one",
    after: 60,
    then: async (end) => {
      const positions = end.events.flatMap((event) =>
        event.kind === "batch" ? [JSON.stringify(event.position)] : [],
      );
      expect(positions.length).toBeGreaterThan(3);
      const random = seeded(seed);
      // The last one has nothing after it.
      const suffixes = some(random, positions.slice(0, -1), 3);
      for (const from of [null, null, ...suffixes]) {
        await forget(end, from);
        await using live = startLive(end.settings);
        await live.event("going-on");
        await live.level();
        await live.stop();
        const { read = 0, applied = 0 } = live.stream?.counts ?? {};
        console.log(`from ${from ?? "the start"}: ${String(read)} changes read, ${String(applied)} applied`);
        if (from === null) expect(applied).toBeGreaterThan(100);
        await judged(end.sourceAt, end.target, end.writer);
      }
    },
  });
});
