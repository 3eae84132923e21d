/**
 * PostgreSQL as a target: what the server says of itself, whether a plan can be carried out on it, what the ledger
 * in it knows, and the claim. Each reading opens a session for itself, since they are rare and far apart. What writes
 * is loaded with the claim: most commands only look.
 */
import { Fault } from "../../src/errors.js";
import type { TargetMeasures } from "../../src/measures.js";
import type { Finding, PhaseGrants, Plan, ServerFacts } from "../../src/model.js";
import type { Ledger, LedgerView, QueryLimits, Target, TargetPulse, TextRow } from "../../src/port.js";
import type { Trace } from "../../src/traces-port.js";
import type { ProofView, TargetLook } from "../../src/verify-port.js";
import { askTarget } from "./ask.js";
import { Session } from "./connection.js";
import type { PostgresOptions } from "./connection.js";
import { readGrants } from "./grants.js";
import { endSessions, silentSeconds } from "./holder.js";
import { readView } from "./ledger-view.js";
import { measureTarget } from "./measure.js";
import { preflight } from "./preflight.js";
import { OpenSessions } from "./open-sessions.js";
import { PostgresPulse } from "./pulse.js";
import { readTexts } from "./text-rows.js";
import { findTraces } from "./traces.js";
import { readProof } from "./verify/view.js";

/** Settings that a later phase depends on, read by name. */
const noted = [
  "server_version",
  "server_version_num",
  "server_encoding",
  "wal_level",
  "max_replication_slots",
  "max_wal_senders",
  "max_connections",
  "TimeZone",
  "data_checksums",
];

/** Connects once, so that a wrong URL shows here. Faults: server-unreachable, login-refused, database-missing, tls-refused. */
export async function openPostgres(options: PostgresOptions): Promise<Target> {
  const facts = await within(options, readFacts);
  return new PostgresTarget(options, facts);
}

class PostgresTarget implements Target {
  readonly #options: PostgresOptions;
  readonly #facts: ServerFacts;
  readonly #sessions = new OpenSessions();

  constructor(options: PostgresOptions, facts: ServerFacts) {
    // Every later session must reach the server that answered first.
    const expect = { identity: facts.identity, database: facts.database };
    this.#options = { ...options, sessions: this.#sessions, expect };
    this.#facts = facts;
  }

  async facts(): Promise<ServerFacts> {
    return this.#facts;
  }

  cut(): void {
    this.#sessions.cut(
      new Fault("connection-lost", "The target did not answer, so every session to it was left."),
    );
  }

  async measure(clock: () => Date): Promise<TargetMeasures> {
    return within(this.#options, (session) => measureTarget(session, clock));
  }

  async preflight(plan: Plan): Promise<readonly Finding[]> {
    return within(this.#options, (session) => preflight(session, this.#facts, plan));
  }

  async places(texts: readonly string[], collation: "C" | null): Promise<readonly number[]> {
    return within(this.#options, async (session) => {
      const { rows } = await session.query(
        `SELECT row_number() OVER (ORDER BY t.text ${collation === null ? "" : `COLLATE "${collation}"`}, t.number) AS place
           FROM unnest($1::text[]) WITH ORDINALITY AS t (text, number) ORDER BY t.number`,
        // U+0000, which no text of PostgreSQL holds, comes before everything here as there.
        [texts.map((text) => text.replaceAll("\0", "\u0001"))],
        "asking for the order of texts",
      );
      return rows.map((row) => Number(row["place"]));
    });
  }

  async grants(schema: string, roles: readonly string[] = []): Promise<readonly PhaseGrants[]> {
    return within(this.#options, (session) => readGrants(session, this.#facts.database, schema, roles));
  }

  async texts(
    schema: string,
    relation: string,
    select: readonly string[],
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<void> {
    await within(this.#options, (session) => readTexts(session, { schema, relation, select }, onRow, signal));
  }

  async ask(
    sql: string,
    limits: QueryLimits,
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<{ readonly whole: boolean }> {
    return within(this.#options, (session) => askTarget(session, sql, limits, onRow, signal));
  }

  pulse(): TargetPulse {
    return new PostgresPulse(this.#options);
  }

  async look(plan: Plan, slots: number): Promise<TargetLook | null> {
    const { openLook } = await import("./look.js");
    return await openLook(this.#options, plan, slots);
  }

  async columns(
    schema: string,
    table: string,
  ): Promise<readonly { readonly name: string; readonly type: string }[]> {
    return within(this.#options, async (session) => {
      const { rows } = await session.query(
        `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
           FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attnum > 0 AND NOT a.attisdropped
          ORDER BY a.attnum`,
        [schema, table],
        `asking for the columns of ${table}`,
      );
      return rows.map((row) => ({ name: row["name"] ?? "", type: row["type"] ?? "" }));
    });
  }

  async view(migration: string): Promise<LedgerView | null> {
    return within(this.#options, (session) => readView(session, migration));
  }

  async proof(migration: string): Promise<ProofView | null> {
    return within(this.#options, (session) => readProof(session, migration));
  }

  async traces(plan: Plan): Promise<readonly Trace[]> {
    return within(this.#options, (session) => findTraces(session, this.#options, plan));
  }

  async endHolder(migration: string, silentFor = silentSeconds): Promise<number> {
    return within(this.#options, (session) => endSessions(session, migration, silentFor));
  }

  async claim(plan: Plan, sourceServer?: string, proven = false): Promise<Ledger> {
    const { claimMigration } = await import("./ledger-claim.js");
    const { PostgresLedger } = await import("./ledger.js");
    const session = await Session.open(this.#options);
    try {
      const claim = await claimMigration(session, this.#options, plan, {
        server: sourceServer ?? null,
        proven,
      });
      return new PostgresLedger(this.#options, session, claim, plan);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls; the method is here because every target can be disposed.
  }
}

async function within<T>(options: PostgresOptions, act: (session: Session) => Promise<T>): Promise<T> {
  const session = await Session.open(options);
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}

async function readFacts(session: Session): Promise<ServerFacts> {
  const [row] = (
    await session.query(
      `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS identity,
              current_database() AS database,
              (SELECT json_object_agg(name, setting)::text FROM pg_catalog.pg_settings WHERE name = ANY ($1::text[])) AS settings`,
      [noted],
      "reading what the server says of itself",
    )
  ).rows;
  if (row === undefined) throw new Fault("bug", "PostgreSQL answered with no row about itself.");
  const settings: unknown = JSON.parse(row["settings"] ?? "{}");
  const texts: Record<string, string> = {};
  if (typeof settings === "object" && settings !== null)
    for (const [name, value] of Object.entries(settings)) texts[name] = String(value);
  return {
    engine: "postgres",
    version: texts["server_version"]?.split(" ")[0] ?? "",
    identity: row["identity"] ?? "",
    database: row["database"] ?? "",
    settings: texts,
  };
}
