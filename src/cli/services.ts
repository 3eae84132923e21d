/**
 * What the composition root hands to the verbs: the world outside. Verbs name no connector, no clock and no
 * process, so that tests can run them with a clock and streams of their own.
 */
import type { FenceSettings } from "./fence-settings.js";
import type { ReverseLedger, Probe, SourceNight } from "../cutover-port.js";
import type { Plan } from "../model.js";
import type { KafkaEndpoint, Source, Target } from "../port.js";
import type { Server, Tls } from "../config/url.js";
import type { Vitals } from "../cutover-port.js";
import type { Spawn } from "../cutover/hook.js";
import type { MomentHook } from "../snapshot/moments.js";
import type { StreamMomentHook } from "../stream/moments.js";
import type { VerifyMomentHook } from "../verify/moments.js";
import type { SourceTraces } from "../traces-port.js";
import type { Size } from "../watch/screen.js";
import type { Streams } from "./output.js";

export interface Services {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Whether a person sits at both ends. */
  readonly terminal: boolean;
  /** The terminal at stderr, asked anew at each look: people resize windows. */
  readonly size: Size;
  /** Aborted by SIGINT and SIGTERM, with the Fault that names the exit code. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The calendar, for file names and for people. */
  readonly today: () => Date;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Asks a person for one line; only called on a terminal. */
  readonly ask: (question: string) => Promise<string>;
  /** `kafka`: where its changes come from instead of its own log; null for the log. `spill`: folder for what has to wait and is too much for memory. */
  readonly openSource: (
    server: Server,
    tls: Tls,
    kafka: KafkaEndpoint | null,
    spill?: string,
  ) => Promise<Source>;
  /** `url` is filled in; `engine` is who we are, for the claim's sentence. */
  readonly openTarget: (
    url: string,
    tls: Tls,
    engine: { readonly host: string; readonly pid: number },
    /** What is written forward carries a mark by which the way back leaves it out. */
    wayBack?: boolean,
  ) => Promise<Target>;
  /** The source as the fence's account sees it. */
  readonly openSourceNight: (settings: FenceSettings) => Promise<SourceNight>;
  /** What migrations leave in the source's database `headgate`. Opens nothing before it is asked. */
  readonly sourceTraces: (server: Server, tls: Tls, migration: string) => Promise<SourceTraces>;
  /** The way back's ledger on the source. Opens nothing before it is asked. */
  readonly reverseLedger: (server: Server, tls: Tls, migration: string) => Promise<ReverseLedger>;
  /** Logs in as an application. Opens nothing before it is asked. */
  readonly sourceProbe: (server: Server, tls: Tls, plan: Plan) => Promise<Probe>;
  readonly targetProbe: (url: string, tls: Tls, plan: Plan) => Promise<Probe>;
  /** How a side serves; opens nothing before it is asked. */
  readonly sourceVitals: (server: Server, tls: Tls) => Promise<Vitals>;
  readonly targetVitals: (url: string, tls: Tls) => Promise<Vitals>;
  /** Runs a hook's program. */
  readonly spawn: Spawn;
  /** Named moments of the engine; does nothing but in tests. */
  readonly moment: MomentHook;
  readonly streamMoment: StreamMomentHook;
  readonly verifyMoment: VerifyMomentHook;
}
