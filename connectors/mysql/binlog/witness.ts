/**
 * What the source's own log has of single transactions: asked where a feed at second hand was told nothing of them, or
 * nothing of their rows. The log is read as the binlog feed reads it, so that both judge alike; on MySQL the server sends
 * the asked transactions alone, on MariaDB all that follow where the feed stands.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable, Position, SourceEngine } from "../../../src/model.js";
import { eitherOf } from "../../../src/stop.js";
import type {
  ChangeFeed,
  ChangeSink,
  LogPlace,
  LogWitness,
  LoggedAct,
  LoggedCounts,
  LoggedTransaction,
  SourceTransaction,
  Unheard,
} from "../../../src/stream-port.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";
import { namedAlone, setGtidOf } from "./book.js";
import { parseStretches } from "./domain-stretch.js";
import { parseDomains } from "./domains.js";
import { openBinlogFeed } from "./feed.js";
import { GtidSet } from "./gtid-set.js";
import type { LoggedStatement } from "./query-event.js";
import { concerns, isAddition, kindOf, namedTables } from "./statement.js";

export interface WitnessOptions {
  readonly server: MysqlOptions;
  readonly plan: Plan;
  readonly engine: SourceEngine;
}

export function openWitness(options: WitnessOptions): LogWitness {
  return new Witness(options);
}

class Witness implements LogWitness {
  readonly #options: WitnessOptions;
  #feed: ChangeFeed | null = null;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  async look(
    unheard: readonly Unheard[],
    held: Position,
    signal: AbortSignal,
  ): Promise<readonly LoggedTransaction[]> {
    const { server, plan, engine } = this.#options;
    const asked = engine === "mariadb" ? askedDomains(unheard) : askedSet(unheard);
    this.#feed ??= await openBinlogFeed({ server, plan });
    const enough = new AbortController();
    const sink = new WitnessSink(asked, () => {
      enough.abort(new Fault("interrupted", "All that was asked for is seen."));
    });
    const from = engine === "mariadb" ? held : await this.#allBut(unheard, signal);
    try {
      await this.#feed.read([from], sink, { untilEnd: true, signal: eitherOf(signal, enough.signal) });
    } catch (error) {
      if (!enough.signal.aborted || signal.aborted) sink.refused(error);
    }
    if (engine === "mariadb") demandAll(unheard, sink.seen);
    return sink.seen;
  }

  /** Asking for everything else's sequel, a server sends what is left out. */
  async #allBut(unheard: readonly Unheard[], signal: AbortSignal): Promise<Position> {
    await using connection = await Connection.open(this.#options.server);
    const [row] = await connection.query("SELECT @@GLOBAL.gtid_executed", [], signal);
    const executed = GtidSet.parse(row?.[0] ?? "");
    let rest = executed;
    for (const { names } of unheard) rest = rest.without(GtidSet.parse(names));
    return { kind: "gtid", set: rest.text(), file: "", offset: "0" };
  }

  named(at: LogPlace): Unheard {
    return namedAlone(this.#options.engine, at);
  }

  judge(statement: string, database: string): LoggedAct {
    // Text that came by way of a character set with fewer letters has question marks in their place.
    const garbled = /[?\uFFFD]/u.test(statement);
    return judged(
      {
        database,
        text: statement,
        touched: null,
        plainBackslash: false,
        garbled,
        temporary: false,
        byServer: false,
      },
      this.#options.plan,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed?.[Symbol.asyncDispose]();
    this.#feed = null;
  }
}

/**
 * Every number of a domain stands in MariaDB's log, and only a transaction that was prepared comes to no end there. A
 * position cannot leave it out for a feed that is not the log, so nothing may pass it.
 */
function demandAll(unheard: readonly Unheard[], seen: readonly LoggedTransaction[]): void {
  if (seen.some(({ act }) => act.kind === "rows")) return;
  const asked = unheard.reduce((sum, { count }) => sum + BigInt(count), 0n);
  if (BigInt(seen.length) >= asked) return;
  throw new Fault(
    "xa-event",
    `Of the transactions ${unheard.map(({ names }) => names).join(", ")} the topics tell nothing, and the source's log has no end of ${String(asked - BigInt(seen.length))}: an XA transaction was prepared.`,
  );
}

/** Which transactions were asked for, by name; and whether one that was not lies behind all of them. */
interface Asked {
  has(name: string): boolean;
  past(name: string): boolean;
}

function askedSet(unheard: readonly Unheard[]): Asked {
  const set = new GtidSet();
  for (const { names } of unheard) set.addAll(GtidSet.parse(names));
  const left = { count: set.count };
  return {
    has(name) {
      const { key, number } = setGtidOf({ gtid: name, file: "", offset: "" });
      if (!set.has(key, number)) return false;
      left.count -= 1n;
      return true;
    },
    // The server sends nothing else but what was committed since.
    past: () => left.count <= 0n,
  };
}

function askedDomains(unheard: readonly Unheard[]): Asked {
  const stretches = unheard.flatMap(({ names }) => parseStretches(names));
  const last = new Map<number, bigint>();
  for (const stretch of stretches)
    if ((last.get(stretch.domain) ?? 0n) < stretch.last) last.set(stretch.domain, stretch.last);
  const open = new Set(last.keys());
  return {
    has(name) {
      for (const [domain, { number }] of parseDomains(name))
        return stretches.some((one) => one.domain === domain && one.first <= number && number <= one.last);
      return false;
    },
    past(name) {
      for (const [domain, { number }] of parseDomains(name))
        if (number >= (last.get(domain) ?? -1n)) open.delete(domain);
      return open.size === 0;
    },
  };
}

class WitnessSink implements ChangeSink {
  readonly seen: LoggedTransaction[] = [];
  readonly #asked: Asked;
  readonly #enough: () => void;
  #name = "";
  #wanted = false;
  #rows = new Map<string, number>();
  #markers = new Map<string, number>();
  #emptied: PlanTable[] = [];
  #unseen = false;

  constructor(asked: Asked, enough: () => void) {
    this.#asked = asked;
    this.#enough = enough;
  }

  begin({ name }: SourceTransaction): void {
    this.#name = name;
    this.#wanted = this.#asked.has(name);
    this.#rows = new Map();
    this.#markers = new Map();
    this.#emptied = [];
    this.#unseen = false;
  }

  wants(): boolean {
    return this.#wanted;
  }

  change(images: { readonly table: PlanTable }): void {
    const { source } = images.table;
    this.#rows.set(source, (this.#rows.get(source) ?? 0) + 1);
  }

  truncate(table: PlanTable): void {
    this.#emptied.push(table);
  }

  /** Its rows are what is asked for. */
  endsUnseen(): void {
    this.#unseen = true;
  }

  /** A marker that nobody was told of is a marker less, and no act. */
  marker(lane: string): void {
    this.#markers.set(lane, (this.#markers.get(lane) ?? 0) + 1);
  }

  commit(): void {
    if (this.#wanted) this.#tell(this.#act(), { tables: this.#rows, markers: this.#markers });
    this.#end();
  }

  schemaChange(change: Parameters<ChangeSink["schemaChange"]>[0]): void {
    const { at, tables, statement, adds } = change;
    this.#name = at;
    if (this.#asked.has(at)) this.#tell({ kind: "schema", tables, statement, adds }, null);
    this.#end();
  }

  idle(): void {
    // What was asked for may still come.
  }

  full(): boolean {
    return false;
  }

  async drained(): Promise<void> {
    await Promise.resolve();
  }

  /** What the log itself cannot be read over is an answer, where it was asked about; other faults are thrown on. */
  refused(error: unknown): void {
    const at = error instanceof Fault ? error.facts["at"] : undefined;
    if (!(error instanceof Fault) || typeof at !== "string" || error.retriable) throw error;
    const inAsked = at === this.#name ? this.#wanted : isName(at) && this.#asked.has(at);
    if (!inAsked) return;
    this.#name = at;
    this.#tell({ kind: "rows", tables: [...this.#rows.keys()], why: error.message }, null);
  }

  #act(): LoggedAct {
    if (this.#unseen) {
      const why = "The source's log commits a prepared transaction whose rows it does not have any more.";
      return { kind: "rows", tables: [...this.#rows.keys()], why };
    }
    if (this.#rows.size > 0) {
      const tables = [...this.#rows.keys()];
      return { kind: "rows", tables, why: `The source's log has rows of ${tables.join(", ")} in it.` };
    }
    if (this.#emptied.length > 0) return { kind: "truncate", tables: this.#emptied };
    return { kind: "nothing" };
  }

  #tell(act: LoggedAct, counts: LoggedCounts | null): void {
    this.seen.push({ at: { gtid: this.#name, file: "", offset: "" }, act, counts });
  }

  #end(): void {
    this.#wanted = false;
    if (this.#asked.past(this.#name)) this.#enough();
  }
}

function isName(at: string): boolean {
  return /^(?:\d+-\d+-\d+|[0-9a-f]{8}-[^:]+:.+)$/u.test(at);
}

function judged(statement: LoggedStatement, plan: Plan): LoggedAct {
  const names = { database: plan.database, tables: plan.tables.map(({ source }) => source) };
  const kind = kindOf(statement);
  const schema = (tables: readonly string[]): LoggedAct =>
    tables.length === 0
      ? { kind: "nothing" }
      : {
          kind: "schema",
          tables,
          statement: statement.text.slice(0, 2000),
          adds: isAddition(statement),
        };
  switch (kind.kind) {
    case "ddl":
      return schema(namedTables(statement, names));
    case "drop-database":
      return schema(kind.database.toLowerCase() === plan.database.toLowerCase() ? names.tables : []);
    case "truncate": {
      const database = kind.database ?? statement.database;
      const named = namedTables(statement, names);
      const [table] = plan.tables.filter(({ source }) => source.toLowerCase() === kind.table.toLowerCase());
      if (database.toLowerCase() !== plan.database.toLowerCase() || table === undefined)
        return statement.garbled ? schema(named) : { kind: "nothing" };
      return { kind: "truncate", tables: [table] };
    }
    case "rows":
      return concerns(statement, names)
        ? {
            kind: "rows",
            tables: namedTables(statement, names),
            why: "The source's log holds a change as a statement and not as rows.",
          }
        : { kind: "nothing" };
    default:
      return { kind: "nothing" };
  }
}
