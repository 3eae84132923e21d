/**
 * A verb's hold on one migration: the config read, its secrets known to the output, servers opened when asked for
 * and closed at the end. The environment's TARGET_DB and MIGRATION_ID are compared here, before anything is opened.
 */
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../config/load.js";
import type { LoadedConfig, Night } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { overridden, workersPerHost } from "../config/schema.js";
import type { Vitals } from "../cutover-port.js";
import type { PlanRequest } from "../plan/request.js";
import type { Source, Target } from "../port.js";
import type { SourceTraces } from "../traces-port.js";
import type { VerbContext } from "./verb.js";

interface Openers {
  readonly source: () => Promise<Source>;
  readonly target: () => Promise<Target>;
  /** null where the file names no replica. */
  readonly replica: (() => Promise<Source>) | null;
  readonly sourceTraces: () => Promise<SourceTraces>;
  readonly sourceVitals: () => Promise<Vitals>;
  readonly targetVitals: () => Promise<Vitals>;
}

export class OpenMigration implements AsyncDisposable {
  readonly config: Config;
  readonly id: string;
  readonly targetDatabase: string;
  /** `.headgate/<migration>` beside the config file. */
  readonly stateDirectory: string;
  /** source.admin and the probes. */
  readonly night: Night;
  /** Users that we log in to the source with, beside source.admin's. */
  readonly ours: readonly string[];
  readonly #open: Openers;
  #source: Source | null = null;
  #replica: Source | null = null;
  #target: Target | null = null;

  constructor(
    config: Config,
    place: {
      readonly stateDirectory: string;
      readonly targetDatabase: string;
      readonly night: Night;
      readonly ours: readonly string[];
    },
    open: Openers,
  ) {
    this.night = place.night;
    this.ours = place.ours;
    this.config = config;
    this.id = config.migration;
    this.stateDirectory = place.stateDirectory;
    this.targetDatabase = place.targetDatabase;
    this.#open = open;
  }

  get request(): PlanRequest {
    const { migration, target, tables, names, typemap, policies, lanes } = this.config;
    const takenEngines = overridden(this.config, "source-engines");
    return {
      migration,
      schema: target.schema,
      include: tables.include,
      exclude: tables.exclude,
      rename: tables.rename,
      renameColumns: tables.columns,
      names,
      keptNames: overridden(this.config, "source-names"),
      ...(takenEngines.length === 0 ? {} : { takenEngines }),
      rules: typemap,
      policies,
      lanes,
      ...(tables.partitions === "flatten" ? {} : { partitions: tables.partitions }),
    };
  }

  /** Folder of the config file: relative paths of hooks start there. */
  get folder(): string {
    return dirname(dirname(this.stateDirectory));
  }

  get workers(): number {
    return this.config.snapshot.workers;
  }

  /** Worker slots of a database host, for all processes together. */
  get slots(): number {
    return workersPerHost(this.config);
  }

  /** Safeguards that this environment leaves out; every report names them. */
  get skippedSafeguards(): readonly string[] {
    const skipped =
      this.config.environment === "production"
        ? []
        : [`typed confirmation (environment is ${this.config.environment})`];
    return [
      ...skipped,
      ...this.unencrypted.map((side) => `encryption of the ${side}'s connection (tls.mode is off, insecure)`),
      ...this.config.overrides.map((o) => `${o.safeguard}: ${String(o.value)}, ${o.reason}`),
    ];
  }

  /** Sides off this machine that somebody talks to in clear. */
  get unencrypted(): readonly ("source" | "target")[] {
    return (["source", "target"] as const).filter((side) => {
      const tls = this.config[side].tls;
      return tls?.mode === "off" && tls.insecure === true;
    });
  }

  async source(): Promise<Source> {
    this.#source ??= await this.#open.source();
    return this.#source;
  }

  /** source.replica; undefined when the file names none. */
  async replica(): Promise<Source | undefined> {
    if (this.#open.replica === null) return undefined;
    this.#replica ??= await this.#open.replica();
    return this.#replica;
  }

  async target(): Promise<Target> {
    this.#target ??= await this.#open.target();
    return this.#target;
  }

  /** Ours in the source's database `headgate`, as the fence's account where there is one; the caller closes it. */
  async sourceTraces(): Promise<SourceTraces> {
    return await this.#open.sourceTraces();
  }

  /** How the source serves; the caller closes it. */
  async sourceVitals(): Promise<Vitals> {
    return await this.#open.sourceVitals();
  }

  /** How the target serves; the caller closes it. */
  async targetVitals(): Promise<Vitals> {
    return await this.#open.targetVitals();
  }

  async both(): Promise<{ source: Source; target: Target }> {
    return { source: await this.source(), target: await this.target() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica?.[Symbol.asyncDispose]();
    await this.#source?.[Symbol.asyncDispose]();
    await this.#target?.[Symbol.asyncDispose]();
  }
}

/** Whether the target's log is to be read for a way back: it takes the fence's account, which writes it on the source. */
function hasWayBack({ config, night }: LoadedConfig): boolean {
  return config.cutover.wayBack && night.admin !== null;
}

/** Reads the config named by -c; every later output of the verb is scrubbed of its secrets. */
export async function openMigration({ flags, output, services }: VerbContext): Promise<OpenMigration> {
  const loaded = await loadConfig(flags.config, services.env);
  const { config, source, target, replica, kafka } = loaded;
  output.know(
    config.migration,
    (text) => loaded.redactor.scrub(text),
    config.environment === "production" ? target.server.database : null,
  );
  const stateDirectory = join(loaded.folder, ".headgate", config.migration);
  const engine = { host: hostname(), pid: process.pid };
  const migration = new OpenMigration(
    config,
    {
      stateDirectory,
      targetDatabase: target.server.database,
      night: loaded.night,
      ours: [...new Set([source.server.user, ...(replica === null ? [] : [replica.server.user])])],
    },
    {
      source: () => services.openSource(source.server, source.tls, kafka, stateDirectory),
      target: () => services.openTarget(config.target.url, target.tls, engine, hasWayBack(loaded)),
      sourceTraces: () => {
        const { server, tls } = loaded.night.admin ?? source;
        return services.sourceTraces(server, tls, config.migration);
      },
      sourceVitals: () => services.sourceVitals(source.server, source.tls),
      targetVitals: () => services.targetVitals(config.target.url, target.tls),
      replica: replica === null ? null : () => services.openSource(replica.server, replica.tls, null),
    },
  );
  for (const side of migration.unencrypted)
    output.say(
      `warning: the ${side}'s connection is not encrypted (${side}.tls: { mode: off, insecure: true })`,
    );
  return migration;
}
