/**
 * What the steps of a cutover act upon: both servers, the stream between them and the hooks, with the plan already in it.
 * src/migration makes it of the connectors' parts, the simulation of a virtual world. Everything is idempotent, because it
 * may have been done by an engine that was killed; what cannot reach its server rejects with a Fault of its own.
 */
import type {
  Decision,
  FenceState,
  GivenKey,
  JournalEntry,
  Note,
  OpenTransaction,
  SequenceAt,
} from "../cutover-port.js";
import type { Finding, Position } from "../model.js";
import type { HookFacts, HookName } from "./hook.js";

/** What was proven while nobody could write. */
export interface Proof {
  readonly keysAtFence: number;
  readonly rowsCleanBefore: number;
  /** Rows of the tables that were compared whole, on the source. */
  readonly rowsAtFence?: number;
  /** Every row of every table was. */
  readonly full?: boolean;
  readonly position: Position | null;
  readonly equal: boolean;
  /** The differences, a sentence each; no values. */
  readonly differences: readonly string[];
  /** What was compared and what was not, for the journal and the report; no values. */
  readonly told?: readonly string[];
}

export interface SourceSide {
  /** What speaks against it. Reads only. */
  findings(): Promise<readonly Finding[]>;
  fenceNote(): Promise<Note>;
  fenceState(note: Note | null): Promise<FenceState>;
  raise(
    note: Note,
    onWaiting: (open: readonly OpenTransaction[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
  lower(note: Note): Promise<void>;
  /** Makes the row that decides, `open`. */
  begin(): Promise<void>;
  decision(): Promise<Decision | null>;
  decide(to: "switch" | "abort"): Promise<"switch" | "abort">;
  triggers(): Promise<Note>;
  dropTriggers(note: Note): Promise<void>;
  createTriggers(note: Note): Promise<void>;
  /** Where its sequences stand that are of no column's own. */
  sequences(): Promise<readonly SequenceAt[]>;
  /** AUTO_INCREMENT past every key, and past what the target has given away; sequences where the target's stand. */
  pastKeys(given: readonly GivenKey[], sequences: readonly SequenceAt[]): Promise<void>;
  /** Up to where the way back has written here, as it stands here now; null where it never did. */
  cameHome(): Promise<Position | null>;
  /** What is under way when the signal aborts is left, as on a lost connection. The answer releases it. */
  until(signal: AbortSignal): () => void;
}

export interface TargetSide {
  findings(): Promise<readonly Finding[]>;
  /** Who could write although every role is shut out, a sentence each with what ends it. Reads only. */
  strangers(): Promise<readonly string[]>;
  /** Shuts the roles out and ends their sessions. */
  note(): Promise<Note>;
  state(note: Note | null): Promise<FenceState>;
  shut(note: Note, signal: AbortSignal): Promise<void>;
  /** Sequences past every key, and where the source's stand. */
  pastKeys(sequences: readonly SequenceAt[]): Promise<void>;
  /** Where the sequences stand that the plan made of the source's. */
  sequences(): Promise<readonly SequenceAt[]>;
  /** How far its columns have counted. */
  givenKeys(): Promise<readonly GivenKey[]>;
  /** Lets the roles in and closes the forward lanes, in one transaction. */
  open(): Promise<void>;
  /** It does not answer: whoever waits for it is let go, as on a lost connection. */
  cut(): Promise<void>;
  lanesClosed(): Promise<boolean>;
}

/** The stream from the source to the target, past the fence. */
export interface Forward {
  /** Everything that the source had committed when this was called is applied, and every lane's marker behind it met. */
  drain(signal: AbortSignal): Promise<Position>;
  prove(signal: AbortSignal): Promise<Proof>;
  /** Marks every lane and moves it there: what was written by the way back is not to come again. */
  reopen(signal: AbortSignal): Promise<void>;
}

/** The stream from the target to the source. */
export interface Reverse {
  /** Why it cannot bring everything back, a sentence each: what waits in quarantine, a slot that is lost. */
  blocking(): Promise<readonly string[]>;
  /** A marker on the target that came through, and nothing foreign with it. Resolves to where the way back stands, for its proofs. */
  canary(signal: AbortSignal): Promise<Note | null>;
  /** Everything that the target had committed when this was called is applied to the source. */
  drain(signal: AbortSignal): Promise<Position>;
  prove(signal: AbortSignal): Promise<Proof>;
}

export interface Night {
  readonly cutover: string;
  readonly source: SourceSide;
  readonly target: TargetSide;
  readonly forward: Forward;
  /** null where `cutover.wayBack` is off. */
  readonly reverse: Reverse | null;
  /** Runs the hook where one is configured; rejects where it says no. */
  hook(name: HookName, facts: HookFacts, signal: AbortSignal): Promise<void>;
  /** The ledger's copy of the journal: these are all of them, oldest first. */
  mirror(entries: readonly JournalEntry[]): Promise<void>;
}

/** The same for any cutover of a migration. */
export type OpenNight = (cutover: string) => Night;
