/**
 * How a target feels while an engine works: its standbys' lag, its disk, the time that it takes for a tiny query. One session
 * of its own, opened when first asked and again after it was lost; it only reads. Whatever this account may not see,
 * or no session can see, is unknown.
 */
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../src/errors.js";
import type { TargetPulse } from "../../src/port.js";
import { Session } from "./connection.js";
import type { PostgresOptions, TextRow } from "./connection.js";

/**
 * The share of a disk that is used, as df counts it: blocks that only root may have are neither used nor room, and
 * a disk of which much is set aside for it is not full for that. null where nothing can be told.
 */
export function shareUsed(disk: {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
}): number | null {
  const used = disk.blocks - disk.bfree;
  return used + disk.bavail === 0 ? null : used / (used + disk.bavail);
}

const standbys = `
  SELECT count(*)::text AS standbys, count(replay_lsn)::text AS told,
         coalesce(extract(epoch FROM max(replay_lag)), 0)::text AS lag
    FROM pg_catalog.pg_stat_replication`;

/** The server's own clock around its own work: a busy engine that reads the answer late is no slow target. */
const tiny = `
  SELECT count(*)::text AS classes,
         (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::text AS ms
    FROM pg_catalog.pg_class`;

const place = `
  SELECT pg_catalog.current_setting('data_directory', true) AS directory,
         pg_catalog.current_setting('port') AS port,
         floor(extract(epoch FROM pg_catalog.pg_postmaster_start_time()))::bigint::text AS started,
         (pg_catalog.inet_server_addr() IS NULL OR pg_catalog.inet_server_addr() = pg_catalog.inet_client_addr()
           OR pg_catalog.inet_server_addr() << '127.0.0.0/8')::text AS here`;

export class PostgresPulse implements TargetPulse {
  readonly #options: PostgresOptions;
  #session: Session | null = null;
  #over = false;
  /** The data directory, once it is proven to be this server's and on this machine; null where it is not. */
  #directory: Promise<string | null> | null = null;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  async standbyLagSeconds(): Promise<number | null> {
    const row = await this.#ask(standbys);
    if (row === null || Number(row["told"] ?? 0) < Number(row["standbys"] ?? 0)) return null;
    return Number(row["lag"] ?? 0);
  }

  async latencyMs(): Promise<number | null> {
    const row = await this.#ask(tiny);
    return row === null ? null : Number(row["ms"]);
  }

  async diskUsed(): Promise<number | null> {
    this.#directory ??= this.#find();
    const directory = await this.#directory;
    if (directory === null) return null;
    return shareUsed(await statfs(directory));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  /** One that is open only after the end is nobody's to close, and would keep the process. */
  async #open(): Promise<Session> {
    const session = await Session.open(this.#options);
    if (!this.#over) return session;
    await session.close();
    throw new Fault("interrupted", "Nobody asks any more.");
  }

  /** One row, or null where this account is refused. */
  async #ask(sql: string): Promise<TextRow | null> {
    if (this.#session !== null && this.#session.dead !== null) this.#session = null;
    this.#session ??= await this.#open();
    try {
      return (await this.#session.query(sql, [], "asking how the target feels")).rows[0] ?? null;
    } catch (error) {
      if (error instanceof Fault && !error.retriable) return null;
      throw error;
    }
  }

  /**
   * A path that exists here too proves nothing: the server may live in a container or behind a tunnel. Its postmaster.pid,
   * with the server's own port and start time, does.
   */
  async #find(): Promise<string | null> {
    const row = await this.#ask(place);
    const directory = row?.["directory"] ?? "";
    if (row === null || directory === "" || row["here"] !== "true") return null;
    let lines: readonly string[];
    try {
      lines = (await readFile(join(directory, "postmaster.pid"), "utf8")).split("\n");
    } catch (error) {
      // Not there, or not ours to read: then this is not known to be the server's disk.
      if (error instanceof Error && "code" in error) return null;
      throw error;
    }
    const [, path, started, port] = lines.map((line) => line.trim());
    const same =
      path === directory && port === row["port"] && Math.abs(Number(started) - Number(row["started"])) <= 2;
    return same ? directory : null;
  }
}
