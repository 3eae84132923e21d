/** Somebody who breaks rows of the target behind the engine's back, and knows what is to be named. */
import type { Connection } from "mysql2/promise";
import type { Client } from "pg";
import type { Plan } from "../../../src/model.js";
import { Random } from "../../simulation/random.js";
import { Corrupter } from "../corruption/corrupt.js";
import { equalInText, kinds } from "../corruption/kinds.js";
import type { Kind } from "../corruption/kinds.js";
import { lineOf } from "../live-verifier.js";

/** Whose row it is: by these the rows are chosen. */
const owners = ["w", "n"];

/** On the target, in rows that are there: other keys might meet the writer's. */
export const atRest: readonly Kind[] = kinds.flatMap((kind): readonly Kind[] => {
  if (kind.side !== "target") return [];
  if (kind.act === "value")
    return [{ ...kind, fits: (column) => !owners.includes(column.source) && kind.fits(column) }];
  return kind.act === "delete" || kind.act === "swap" || kind.act === "reinsert" ? [kind] : [];
});
/** What an event can come upon without stumbling. */
export const atWork: readonly Kind[] = atRest.filter(({ act }) => act === "value");

export class Breaker {
  /** What is to be named, one line a row. */
  readonly lines: string[] = [];
  /** Those of them that the oracle does not see. */
  readonly beyondOracle: string[] = [];
  readonly kinds: string[] = [];
  readonly #corrupter: Corrupter;
  readonly #random: Random;

  /** `only`: a condition, in SQL of both sides, of the rows that may be taken. */
  constructor(plan: Plan, seed: number, source: Connection, target: Client, only: string) {
    this.#random = new Random(seed);
    this.#corrupter = new Corrupter(plan, this.#random, source, target, only);
  }

  async breakOne(from: readonly Kind[]): Promise<void> {
    for (const kind of this.#random.shuffled(from)) {
      const done = await this.#corrupter.corrupt(kind);
      if (done === null) continue;
      this.kinds.push(kind.name);
      const lines = done.map((each) => lineOf({ ...each, kind: each.mismatch }));
      this.lines.push(...lines);
      if (equalInText.has(kind.name)) this.beyondOracle.push(...lines);
      return;
    }
    throw new Error("nothing is left to break");
  }
}

/** An administrator's session on the target in which no trigger and no foreign key acts. */
export async function openBehind(client: Client): Promise<void> {
  await client.connect();
  await client.query(
    "SET session_replication_role = replica; SET timezone = 'UTC'; SET extra_float_digits = 1",
  );
}
