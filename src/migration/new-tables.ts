/**
 * What was made or altered at the source since the plan. A stream follows the tables of its plan alone, so a table of its second
 * week would be on no target at the cutover: the source's catalogue is read again as long as the stream runs, and
 * before `ready` is said, unless that was a moment ago.
 */
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import { onlineChange } from "../plan/online-change.js";
import { reshaped } from "./reshape.js";

export interface NewTablesOptions {
  readonly plan: Plan;
  /** Plans again from the source's catalogue as it is now. */
  readonly replan: () => Promise<Plan>;
  readonly now: () => number;
  /** Why it could not be read: once, until it can be again or the reason is another one. */
  readonly onUnread?: (fault: Fault) => void;
}

/** The catalogue is read so often, and for so small a share of the time, as large as it may be. */
const everyMs = 15_000;
const share = 20;
/** Until it is tried again when it could not be read; and no look that something asks for comes sooner after another. */
const againMs = 2_000;

export class NewTables {
  readonly #options: NewTablesOptions;
  #codes: readonly string[] = [];
  #due = Number.NEGATIVE_INFINITY;
  /** Before this a look is as good as one more. */
  #fresh = Number.NEGATIVE_INFINITY;
  #quiet = false;
  #told: string | null = null;

  constructor(options: NewTablesOptions) {
    this.#options = options;
  }

  /** Why `ready` has to wait for somebody, as codes; `quiet`: nothing else is in its way. */
  async blocking(quiet: boolean): Promise<readonly string[]> {
    // What turns quiet again and again would have it read all the time: then it is soon, and not at once.
    if (quiet && !this.#quiet) this.#due = Math.min(this.#due, this.#fresh);
    this.#quiet = quiet;
    if (this.#options.now() >= this.#due) await this.#look();
    return this.#codes;
  }

  async #look(): Promise<void> {
    const { plan, replan, now } = this.#options;
    const begun = now();
    try {
      const today = await replan();
      this.#codes = [
        ...(newcomers(today, plan).length > 0 ? ["tables-not-followed"] : []),
        // The stream stops before what the log has of it; what left no trace there (sql_log_bin = 0) shows here alone.
        ...(reshaped(plan, today).length > 0 ? ["tables-altered"] : []),
        ...(today.findings.some(({ code }) => code === onlineChange) ? [onlineChange] : []),
      ];
      const cost = (now() - begun) * share;
      this.#due = now() + Math.max(everyMs, cost);
      this.#fresh = now() + Math.max(againMs, cost);
      this.#told = null;
    } catch (error) {
      // The stream does without the catalogue. What nobody could look at is not said to be in order.
      if (!(error instanceof Fault)) throw error;
      this.#codes = ["catalogue-unread"];
      this.#due = this.#fresh = now() + Math.max(againMs, (now() - begun) * share);
      if (this.#told === error.message) return;
      this.#told = error.message;
      this.#options.onUnread?.(error);
    }
  }
}

/** Tables of the one plan that the other does not have, by source name. */
export function newcomers(now: Plan, begun: Plan): readonly string[] {
  const known = new Set(begun.tables.map(({ source }) => source));
  return now.tables.flatMap(({ source }) => (known.has(source) ? [] : [source]));
}
