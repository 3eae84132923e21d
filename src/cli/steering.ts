/**
 * What lets a running engine be watched and steered: the governor that gives turns, the settings that `set` changes, the
 * control socket, and the one status that all of them tell.
 */
import { changed, liveSettings, readChange } from "../config/live-settings.js";
import type { LiveSettings } from "../config/live-settings.js";
import { Fault } from "../errors.js";
import type { Ledger } from "../port.js";
import { openGovernor } from "../safety/governor.js";
import type { Governor } from "../safety/governor.js";
import { pacedWriter } from "../safety/paced-writer.js";
import type { Address } from "../serve/access.js";
import { openControl } from "../serve/control.js";
import type { LaneWriter } from "../stream-port.js";
import type { Stream } from "../stream/options.js";
import type { AppliedRows, EngineStatus } from "../watch/engine-status.js";
import type { Log } from "../watch/log.js";
import type { OpenMigration } from "./open.js";
import type { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";

export interface SteeringOptions {
  readonly context: VerbContext;
  readonly migration: OpenMigration;
  readonly ledger: Ledger;
  readonly ticker: Ticker;
  readonly log: Log;
  readonly listen: Address | null;
  readonly blocking: () => readonly string[];
  readonly signal: AbortSignal;
}

export interface Steering extends AsyncDisposable {
  readonly governor: Governor;
  readonly settings: LiveSettings;
  governed(writer: LaneWriter): LaneWriter;
  /** The stream, once there is one; it is paused when the engine is. */
  follow(stream: Stream): void;
  /** The ledger's state has changed. */
  entered(state: string): void;
}

/** Resolves when the socket answers. */
export async function openSteering(options: SteeringOptions): Promise<Steering> {
  const { context, migration, ledger, ticker, log } = options;
  const { services, output } = context;
  let settings = liveSettings(migration.config);
  let stream: Stream | null = null;
  let state = "new";
  let since: string | null = null;
  const applied = new Map<string, AppliedRows>();
  const governor = await openGovernor({
    settings: () => settings,
    probes: [],
    now: services.now,
    wait: services.wait,
    onWord: ({ metric, sentence }) => log.warn({ metric }, sentence),
  });
  const status = (): EngineStatus => ({
    migration: migration.id,
    state,
    since,
    epoch: ledger.epoch,
    held: governor.held,
    throttled: governor.throttled,
    reading: ticker.reading,
    copied: ticker.copied,
    errors: ticker.errors,
    lanes: stream?.lanes ?? [],
    applied: [...applied.values()],
    blocking: options.blocking(),
    quarantined: 0,
    retentionSeconds: null,
  });
  const control = await openControl({
    directory: migration.stateDirectory,
    listen: options.listen,
    status,
    acts: {
      pause: () => {
        governor.pause();
        stream?.pause();
      },
      resume: () => {
        stream?.resume();
        governor.resume();
      },
      settings: () => settings,
      set: (change) => {
        settings = changed(settings, change);
      },
      skip: (event) =>
        Promise.reject(
          new Fault("usage", `No event ${event} waits: a quarantined one stops the engine.`, {
            next: "headgate status",
          }),
        ),
    },
    readChange: (text) => readChange(text, migration.config),
    scrub: (text) => output.scrub(text),
    onWord: (sentence, facts) => log.info(facts, sentence),
  });
  return {
    governor,
    get settings() {
      return settings;
    },
    governed: (writer) =>
      pacedWriter(writer, {
        pacer: governor.pacer(),
        signal: options.signal,
        onWritten: ({ table, inserts, updates, deletes }) => {
          const known = applied.get(table) ?? { table, inserts: 0, updates: 0, deletes: 0 };
          applied.set(table, {
            table,
            inserts: known.inserts + inserts,
            updates: known.updates + updates,
            deletes: known.deletes + deletes,
          });
          governor.wrote(inserts + updates + deletes);
        },
      }),
    follow: (opened) => {
      stream = opened;
      if (governor.held !== "no") opened.pause();
    },
    entered: (now) => {
      state = now;
      since = services.today().toISOString();
    },
    [Symbol.asyncDispose]: async () => {
      await control[Symbol.asyncDispose]();
      await governor[Symbol.asyncDispose]();
    },
  };
}
