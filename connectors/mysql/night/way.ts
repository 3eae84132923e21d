/**
 * How writes on the source are stopped, as the config has it, and what the source's part of the night is made of: what
 * is handed in, so that no file of this folder reads a config or starts a program.
 */
import type { Probe, ReverseLedger } from "../../../src/cutover-port.js";
import type { MysqlOptions } from "../connection.js";

/** An entry of `accounts` is `app`, every host of that user, or `app@10.0.%`, one account. */
export type FenceWay =
  | { readonly method: "accounts"; readonly accounts: readonly string[] }
  /** `accounts` are locked as well where the server forgets read_only when it is started again. */
  | { readonly method: "read-only"; readonly accounts: readonly string[] }
  | {
      readonly method: "hook";
      /** Whose sessions and transactions are looked at. */
      readonly accounts: readonly string[];
      raise(): Promise<void>;
      lower(): Promise<void>;
    };

export interface SourceNightOptions {
  /** Logged in as `source.admin`, in the migration's database. */
  readonly server: MysqlOptions;
  readonly migration: string;
  /** Users of ours beside the admin's: those of source.url and source.replica. */
  readonly ours: readonly string[];
  /** Accounts that could write through the fence and are trusted not to: each is told as a warning instead of an error. */
  readonly trusted: readonly string[];
  readonly way: FenceWay;
  /** Asked by `state` where the fence is a hook's, which nothing on the server shows; null where the config has none. */
  readonly probe: Probe | null;
  readonly wayBack: ReverseLedger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called before each statement that changes something on the server; tests end the engine there. */
  readonly moment?: (statement: string) => void | Promise<void>;
}
