/** What all lives of one run share: types only, for the life that goes forward and the one that soaks. */
import type { Inspection } from "../migration.js";
import type { Hold } from "../model.js";
import type { LedgerView } from "../port.js";
import type { Address } from "../serve/access.js";
import type { Works } from "../serve/jobs.js";
import type { Log } from "../watch/log.js";
import type { Screen } from "../watch/screen.js";
import type { OpenMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import type { Steering } from "./steering.js";
import type { VerbContext } from "./verb.js";

export interface LiveGoal {
  readonly until: "ready" | "stopped" | "done";
  /** What the run is for, once the lanes have joined; it ends with it. */
  readonly task?: LiveTask;
  readonly timeoutMs: number | null;
  readonly holds: readonly Hold[];
  readonly listen: Address | null;
}

export interface LiveTask {
  /** Does its work with what this life of the engine offers. A life that is lost begins it again, until it has its result. */
  readonly act: (works: Works, signal: AbortSignal) => Promise<void>;
  /** What the verb then says. */
  readonly result: () => VerbResult;
  /** Whether it has its result: the engine may go on after that all the same, and does not do it again. */
  readonly done: () => boolean;
  /** The engine goes on once it is done, as long as the migration soaks. */
  readonly staysInSoak?: boolean;
}

export interface Living {
  readonly context: VerbContext;
  readonly migration: OpenMigration;
  readonly found: Inspection;
  readonly goal: LiveGoal;
  readonly screen: Screen;
  readonly log: Log;
  readonly steering: Steering;
  readonly signal: AbortSignal;
  /** What blocks `ready`, as it was last told. */
  readonly blocking: { codes: readonly string[]; unjudged: readonly string[] };
  readonly last: { view: LedgerView | null };
}
