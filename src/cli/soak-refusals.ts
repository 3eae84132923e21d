/**
 * What becomes of a change that the way back stands before: it is kept in a file of its owner's and on record at the source, and
 * a person is paged, once; the soak goes on beside it. Somebody's word leaves it out, journalled. What was left out drags
 * along the later changes of the same row that the source refuses: the row is known not to go back as it is.
 */
import { mirror } from "../cutover/walk.js";
import { Fault } from "../errors.js";
import type { Decision } from "../migration/leave-out.js";
import type { LeftOut, RefusedChanges } from "../migration/refused.js";
import type { PoisonEvent } from "../stream/poison.js";
import type { Crew } from "./crew.js";
import type { Living } from "./living.js";
import { keepPoison } from "./quarantine.js";
import type { SoakWalker } from "./soak-walker.js";

export interface SoakRefusalsParts {
  readonly living: Living;
  readonly crew: Crew;
  readonly walk: SoakWalker;
  readonly refused: RefusedChanges;
}

export class SoakRefusals {
  readonly #parts: SoakRefusalsParts;

  constructor(parts: SoakRefusalsParts) {
    this.#parts = parts;
  }

  async keep(poison: PoisonEvent): Promise<void> {
    const { migration, log } = this.#parts.living;
    const path = await keepPoison(migration.stateDirectory, poison);
    const { id: event, table, reason } = poison;
    log.error({ event, table, reason, path }, "quarantined on the way back");
  }

  /** What the lane may leave out at once; null where a person has to decide. */
  async stands(fault: Fault): Promise<string | null> {
    const { living, crew, refused } = this.#parts;
    const followed = refused.follows(fault);
    if (followed !== null) {
      const why = `follows ${followed.leftOut.event}, which was left out: ${followed.leftOut.why}`;
      await this.#leaveOut(followed.event, { who: followed.leftOut.who, why });
      return followed.event;
    }
    const reason = refused.told(fault);
    living.log.error({ code: fault.code, next: fault.next }, `the way back stands: ${reason}`);
    crew.hooks.page(
      {
        migration: living.migration.id,
        cutover: crew.journey.cutover,
        state: crew.journey.state,
        trigger: "quarantine",
        reason,
        act: "page",
        why: "a rollback and complete wait for somebody's decision about it",
      },
      new AbortController().signal,
    );
    return null;
  }

  /** Somebody's word. Fault usage where the way back does not stand before it. */
  async leaveOut(event: string, decision: Decision, standing: readonly Fault[]): Promise<void> {
    // A lane that goes on would find itself moved.
    if (!standing.some(({ facts }) => facts["id"] === event))
      throw new Fault("usage", `The way back does not stand before ${event}, so nothing was left out.`, {
        next: "headgate status",
      });
    await this.#leaveOut(event, decision);
  }

  async #leaveOut(event: string, decision: Decision): Promise<LeftOut> {
    const { living, crew, walk, refused } = this.#parts;
    const left = await refused.leaveOut(event, decision);
    const { table, who, why } = left;
    await journalled(crew, left, () => mirror(walk.of({ reverse: null, onStep: () => undefined })));
    living.log.warn({ event, table, who, why }, "left out of the way back");
    return left;
  }
}

/** What was left out is in the journal as well: the source's record of it goes with the way back. */
export async function journalled(crew: Crew, left: LeftOut, mirrored: () => Promise<void>): Promise<void> {
  const { event, table, who, why } = left;
  const cutover = crew.journey.cutover ?? "";
  await crew.journal.append({
    ...{ cutover, step: "leave-out", phase: "done", note: { event, table, who, why } },
  });
  await mirrored();
}

/** While a rollback walks, the journal is its own. */
export function demandNoWalk(going: Promise<unknown> | null): void {
  if (going !== null)
    throw new Fault("usage", "A rollback is under way, so nothing was left out.", {
      next: "Wait for its end, then run the same command again.",
    });
}
