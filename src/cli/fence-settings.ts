/** What the fence of one migration is made of, for whoever opens it: the config's words, filled in. */
import type { Server, Tls } from "../config/url.js";
import type { Probe } from "../cutover-port.js";

export interface FenceSettings {
  /** `source.admin`. */
  readonly server: Server;
  readonly tls: Tls;
  readonly migration: string;
  /** Users of ours beside the admin's. */
  readonly ours: readonly string[];
  /** Accounts that could write through it and are trusted not to. */
  readonly trusted: readonly string[];
  readonly method: "accounts" | "read-only" | "hook";
  readonly accounts: readonly string[];
  /** With method hook. */
  readonly raise: () => Promise<void>;
  readonly lower: () => Promise<void>;
  readonly probe: Probe | null;
}
