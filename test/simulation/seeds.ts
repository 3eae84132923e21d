/**
 * Many lives, one a seed: 20,000 in `npm test`, a million in the gate, 50,000 a part (HEADGATE_TEST_SEEDS of them after
 * HEADGATE_TEST_SEEDS_AFTER); one with HEADGATE_SEED=n, which prints what happened in it. Seeds are the same every day.
 * Engines verify in some of the lives; in all of them with HEADGATE_TEST_PROVES=1.
 */
import { streamMoments } from "../../src/stream/moments.js";
import { verifyMoments } from "../../src/verify/moments.js";
import { simulate } from "./simulate.js";

/** What every set of seeds has to have met at least once, so that a run that shows nothing is seen. */
export const toMeet: readonly string[] = [
  ...streamMoments,
  ...verifyMoments.filter((moment) => moment.startsWith("verify:")),
  ...["crash", "zombie", "retry", "lag", "spoilt", "named", "healed", "resumed"],
  // A change of shape that was met, and passed once somebody said so.
  ...["schema-change", "lane-stands"],
  // What people and servers do beside (acts.ts); nothing of it in lives that verify.
  ...(provesAll() ? [] : ["paused", "target crashed", "ranges lost", "copied again", "left out", "prepared"]),
];

function provesAll(): boolean {
  return process.env["HEADGATE_TEST_PROVES"] === "1";
}

export interface SeedsResult {
  readonly lives: number;
  readonly failures: readonly string[];
  readonly met: ReadonlySet<string>;
}

/** The seeds of one of `parts` parts. */
export async function runSeeds(part: number, parts: number): Promise<SeedsResult> {
  const one = process.env["HEADGATE_SEED"];
  const first = Number(process.env["HEADGATE_TEST_SEEDS_AFTER"] ?? 0);
  const end = first + Number(process.env["HEADGATE_TEST_SEEDS"] ?? 20_000);
  const met = new Set<string>();
  const failures: string[] = [];
  let lives = 0;
  const proves = provesAll() || undefined;
  const live = async (seed: number, trace: boolean): Promise<void> => {
    const result = await simulate(seed, {}, trace, proves);
    lives += 1;
    for (const thing of result.met) met.add(thing);
    if (trace) console.log(result.trace.join("\n"));
    if (result.problems.length > 0) failures.push(`HEADGATE_SEED=${seed}: ${result.problems.join("; ")}`);
  };
  if (one !== undefined) {
    if (Number(one) % parts === part) await live(Number(one), true);
  } else
    for (let seed = first + part; seed < end && failures.length < 5; seed += parts) await live(seed, false);
  console.log(
    `seeds ${first} to ${end - 1}, part ${part} of ${parts}: ${lives} lives, ${failures.length} failures`,
  );
  return { lives, failures, met };
}
