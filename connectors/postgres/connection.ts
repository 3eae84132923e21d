/**
 * One session on the target: pg's client with the settings that make text mean one thing everywhere (types.md,
 * rule 2), every value as the text the server sent, and every failure a Fault. A session knows when it has died,
 * so that nobody waits for an answer that cannot come. The clock belongs to the server: timeouts are its settings.
 */
import { Client } from "pg";
import type { ClientConfig, Submittable } from "pg";
import { Fault } from "../../src/errors.js";
import { Burst, isBurstFailure, ParsedStatements } from "./burst.js";
import type { BurstResult, BurstStatement } from "./burst.js";
import { faultOf } from "./fault.js";
import type { OpenSessions } from "./open-sessions.js";
import { LendingSocket } from "./socket.js";

/** `ca` is PEM text; without it the system's own authorities count. The server's name is always checked. */
export type PostgresTls =
  { readonly mode: "off" } | { readonly mode: "verify-full"; readonly ca: string | null };

export interface PostgresOptions {
  /** postgresql://user:password@host:port/database, percent-encoded, nothing left to fill in. */
  readonly url: string;
  readonly tls: PostgresTls;
  /** The server that answered first: a session that reaches another one is refused, whatever the name resolves to by then. */
  readonly expect?: { readonly identity: string; readonly database: string };
  /** Who we are, for the claim's sentence: host name and process id. */
  readonly engine: { readonly host: string; readonly pid: number };
  /** What is written into the plan's tables carries a replication origin, where our role may set one (origin.ts). */
  readonly wayBack?: boolean;
  /** Where each session is on record while it is open. */
  readonly sessions?: OpenSessions;
  /** Called at named moments (src/snapshot/moments.ts); tests kill the process there. */
  readonly moment?: (name: string) => void | Promise<void>;
}

/** A row as text by column name; SQL NULL is null. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface SqlResult {
  readonly rows: readonly TextRow[];
  /** Rows that the statement touched. */
  readonly count: number;
}

export type SqlValue = string | number | null | readonly (string | number | null)[];

/**
 * Why each: text of times, floats and bytes in one spelling; no statement timeout, as an index build may take
 * hours; lock_timeout, as a lock that nobody gives up is a fault to name, not a silence; keepalives and
 * client_connection_check_interval, so that the server lets go of a dead engine's locks within a minute.
 */
const settings: Readonly<Record<string, string>> = {
  client_encoding: "UTF8",
  timezone: "UTC",
  datestyle: "ISO, YMD",
  intervalstyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  array_nulls: "on",
  client_min_messages: "warning",
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  // Whatever the server's default: what the ledger says must be on disk. The loader alone asks for less (load.ts).
  synchronous_commit: "on",
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  lock_timeout: "30s",
  tcp_keepalives_idle: "20",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "4",
  client_connection_check_interval: "2s",
  jit: "off",
};

/** Only settings that this version has; the check interval needs an operating system that can tell. */
const applySettings = `
  SELECT set_config(s.name, w.setting, false)
    FROM unnest($1::text[], $2::text[]) AS w (name, setting)
    JOIN pg_catalog.pg_settings s ON lower(s.name) = w.name
   WHERE NOT (w.name = 'client_connection_check_interval' AND version() ~* 'mingw|visual|windows|msvc')`;

/**
 * An account's search_path may name pg_catalog late, and then somebody's own clock_timestamp() or operator would stand
 * for the server's. In front of everything it cannot; the rest stays, as a type of an extension is found there.
 */
const ownNames = `
  SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'pg_catalog', nullif(
           pg_catalog.current_setting('search_path'), '')), false)`;

export class Session implements AsyncDisposable {
  readonly #client: Client;
  readonly #listeners = new Set<(fault: Fault) => void>();
  readonly #parsed = new ParsedStatements();
  #dead: Fault | null = null;
  #closing = false;
  #record: OpenSessions | null = null;
  #pid = "";
  #started = "";

  private constructor(client: Client) {
    this.#client = client;
    // pg reports a dying socket here whether or not a query is under way; a second report adds nothing.
    client.on("error", (error) => this.#die(faultOf(error, "the session was idle")));
    client.on("end", () => this.#die(new Fault("connection-lost", "PostgreSQL closed the connection.")));
  }

  /** Connects and sets the session up. Faults: server-unreachable, login-refused, database-missing, target-refused. */
  static async open(
    options: PostgresOptions,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<Session> {
    const session = new Session(new Client(clientConfig(options)));
    session.#record = options.sessions ?? null;
    session.#record?.add(session);
    try {
      await session.#client.connect();
      const all = { ...settings, ...extra };
      await session.query(ownNames, undefined);
      await session.query(applySettings, [Object.keys(all), Object.values(all)]);
      const [self] = (
        await session.query(
          `SELECT pid::text, backend_start::text AS started, current_database() AS database,
                  (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS identity
             FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()`,
        )
      ).rows;
      demandServer(options, self);
      demandDatabase(options, self);
      session.#pid = self?.["pid"] ?? "";
      session.#started = self?.["started"] ?? "";
      return session;
    } catch (error) {
      session.destroy();
      throw faultOf(error, `connecting to ${placeName(options)}`);
    }
  }

  /** The backend's process id and start, which together name one session for ever. */
  get backend(): { readonly pid: string; readonly started: string } {
    return { pid: this.#pid, started: this.#started };
  }

  /** The Fault that ended this session, null while it lives. */
  get dead(): Fault | null {
    return this.#dead;
  }

  /** Whether a transaction is open on the server, as its last answer said. */
  get inTransaction(): boolean {
    const status = this.#client.getTransactionStatus();
    return status === "T" || status === "E";
  }

  /** Calls back once when the session ends without having been closed by us; the answer takes the listener away. */
  onDeath(listener: (fault: Fault) => void): () => void {
    if (this.#dead === null) this.#listeners.add(listener);
    else listener(this.#dead);
    return () => this.#listeners.delete(listener);
  }

  /** Runs one statement. Without values it goes as a simple query, which may hold several statements. */
  async query(sql: string, values?: readonly SqlValue[], doing = "running a statement"): Promise<SqlResult> {
    if (this.#dead !== null) throw this.#dead;
    try {
      const result = await this.#client.query<Record<string, string | null>>(
        sql,
        values === undefined ? undefined : [...values],
      );
      // Several statements in one text give a list of results; nobody here reads those.
      return Array.isArray(result)
        ? { rows: [], count: 0 }
        : { rows: result.rows, count: result.rowCount ?? 0 };
    } catch (error) {
      const fault = faultOf(error, doing);
      if (fault.code === "connection-lost") this.#die(fault);
      throw fault;
    }
  }

  /** Rows by place: names that stand twice are two columns. One statement, which the protocol itself holds to. */
  async cells(sql: string, doing: string): Promise<readonly (readonly (string | null)[])[]> {
    if (this.#dead !== null) throw this.#dead;
    try {
      const config = { text: sql, rowMode: "array" as const, queryMode: "extended" as const };
      const { rows } = await this.#client.query<(string | null)[]>(config);
      return rows;
    } catch (error) {
      const fault = faultOf(error, doing);
      if (fault.code === "connection-lost") this.#die(fault);
      throw fault;
    }
  }

  /** Runs the statements in one round trip; the first that fails is the Fault, and those after it were not run. */
  async burst(statements: readonly BurstStatement[]): Promise<readonly BurstResult[]> {
    if (this.#dead !== null) throw this.#dead;
    try {
      return await this.#client.query(new Burst(statements, this.#parsed)).done;
    } catch (error) {
      if (!isBurstFailure(error)) throw error;
      const fault = faultOf(error.error, statements[error.index]?.doing ?? "running statements");
      if (fault.code === "connection-lost") this.#die(fault);
      throw fault;
    }
  }

  /** Hands a query with a protocol of its own (COPY, rows as bytes) to the connection; the caller owns it from here. */
  copy<T extends Submittable>(query: T): T {
    if (this.#dead !== null) throw this.#dead;
    return this.#client.query(query);
  }

  /** BEGIN, act, COMMIT; ROLLBACK when it throws. Not for an outcome that must be known after a lost connection. */
  async transaction<T>(act: () => Promise<T>, doing: string): Promise<T> {
    await this.query("BEGIN", undefined, doing);
    try {
      const value = await act();
      await this.query("COMMIT", undefined, doing);
      return value;
    } catch (error) {
      if (this.#dead === null) await this.query("ROLLBACK", undefined, doing);
      throw faultOf(error, doing);
    }
  }

  /** As if the connection were lost: listeners are told, and what waits for an answer fails. */
  cut(why: Fault): void {
    this.#die(why);
    this.#client.connection.stream.destroy();
  }

  /** Cuts the socket: the server rolls back whatever was open. */
  destroy(): void {
    this.#record?.delete(this);
    this.#closing = true;
    this.#client.connection.stream.destroy();
    this.#dead ??= new Fault("connection-lost", "The session was closed.");
  }

  /** Says goodbye when the server still listens, cuts the socket otherwise. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#record?.delete(this);
    if (this.#dead !== null) this.destroy();
    else await this.#client.end();
    this.#dead ??= new Fault("connection-lost", "The session was closed.");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #die(fault: Fault): void {
    if (this.#dead !== null) return;
    this.#record?.delete(this);
    this.#dead = fault;
    if (this.#closing) return;
    for (const listener of this.#listeners) listener(fault);
    this.#listeners.clear();
  }
}

/** An empty name would be the user's own database, and a pooler may send every name to one. */
function demandDatabase(options: PostgresOptions, self: TextRow | undefined): void {
  const [asked, found] = [databaseOf(options), self?.["database"] ?? ""];
  if (asked !== found)
    throw new Fault("server-changed", `${placeName(options)} was asked for, and database ${found} answers.`);
}

export function databaseOf({ url }: Pick<PostgresOptions, "url">): string {
  // By hand: URL takes /.. and /%2e%2e for a way up.
  return decodeURIComponent(/^[^/]*\/\/[^/]*\/([^?#]*)/u.exec(url)?.[1] ?? "");
}

/** Reading cannot tell one server from another with the same tables, and writing would not notice. */
function demandServer({ expect, ...options }: PostgresOptions, self: TextRow | undefined): void {
  if (expect === undefined) return;
  const [identity, database] = [self?.["identity"] ?? "", self?.["database"] ?? ""];
  if (identity === expect.identity && database === expect.database) return;
  throw new Fault(
    "server-changed",
    `${placeName(options)} was database ${expect.database} of cluster ${expect.identity}, and is ${database} of ${identity} now.`,
  );
}

/** host:port/database, for sentences; never the user or the password. */
export function placeName(options: Pick<PostgresOptions, "url">): string {
  const url = new URL(options.url);
  return `${url.hostname}:${url.port === "" ? "5432" : url.port}/${databaseOf(options)}`;
}

/** What pg's client is made with; for connections of a protocol that sessions do not speak. */
export function clientConfig(options: PostgresOptions): ClientConfig {
  const url = new URL(options.url);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: databaseOf(options),
    application_name: "headgate",
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    ...(options.tls.mode === "off" ? { stream: () => new LendingSocket() } : {}),
    ssl:
      options.tls.mode === "off"
        ? false
        : { rejectUnauthorized: true, ...(options.tls.ca === null ? {} : { ca: options.tls.ca }) },
    types: { getTypeParser: () => asSent },
  };
}

function asSent(value: string): string {
  return value;
}
