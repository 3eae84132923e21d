/**
 * Suspects on their way to whoever records them, at most so many at a time and one a key: several rows of one key come
 * one after the other and are put together, so that a record by key holds them.
 */
import type { PlanTable } from "../model.js";
import type { MismatchKind, Suspect } from "../verify-port.js";

export const suspectsAtOnce = 1000;

export type OnSuspects = (suspects: readonly Suspect[]) => Promise<void>;

export class Suspects {
  readonly #table: PlanTable;
  readonly #take: OnSuspects;
  #found: Suspect[] = [];

  constructor(table: PlanTable, take: OnSuspects) {
    this.#table = table;
    this.#take = take;
  }

  /** Whether they are to be handed over before more is looked at. */
  get full(): boolean {
    return this.#found.length > suspectsAtOnce;
  }

  /** `duplicate`: of rows too many, that the source has the key as well. */
  add(key: Buffer, kind: MismatchKind, columns: readonly string[], copies = 1, duplicate = false): void {
    const suspect = {
      ...{ table: this.#table.source, key, kind, columns, copies },
      ...(duplicate ? { duplicate } : {}),
    };
    const last = this.#found.at(-1);
    if (last?.key.equals(key) === true) this.#found[this.#found.length - 1] = together(last, suspect);
    else this.#found.push(suspect);
  }

  /** Hands over all but the last `kept`, which a later row of the same key may change. */
  async flush(kept = 0): Promise<void> {
    const ready = this.#found.splice(0, this.#found.length - kept);
    for (let at = 0; at < ready.length; at += suspectsAtOnce)
      await this.#take(ready.slice(at, at + suspectsAtOnce));
  }
}

/** A copy too many or too few says more of a key than that some copy of it is different. */
function together(first: Suspect, second: Suspect): Suspect {
  if (first.kind === second.kind)
    return first.kind === "different"
      ? { ...first, columns: [...new Set([...first.columns, ...second.columns])] }
      : { ...first, copies: first.copies + second.copies };
  if (first.kind === "different") return beside(second);
  if (second.kind === "different") return beside(first);
  const copies = first.copies - second.copies;
  if (copies === 0) {
    const { table, key } = first;
    return { table, key, kind: "different", columns: [], copies: 1 };
  }
  return beside({ ...(copies > 0 ? first : second), copies: Math.abs(copies) });
}

/** Of a key that the source has. */
function beside(suspect: Suspect): Suspect {
  return suspect.kind === "extra" ? { ...suspect, duplicate: true } : suspect;
}
