/**
 * What the source's own log has of single transactions: asked where a feed at second hand was told nothing of them, or
 * nothing of their rows. The log is read as the binlog feed reads it, so that both judge alike; on MySQL the server sends
 * the asked transactions alone, on MariaDB all that follow where the feed stands.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, Position, SourceEngine } from "../../../src/model.js";
import { eitherOf } from "../../../src/stop.js";
import type {
  ChangeFeed,
  LogPlace,
  LogWitness,
  LoggedAct,
  LoggedTransaction,
  PreparedEnd,
  Unheard,
} from "../../../src/stream-port.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";
import { namedAlone, setGtidOf } from "./book.js";
import { parseStretches } from "./domain-stretch.js";
import { parseDomains } from "./domains.js";
import { openBinlogFeed } from "./feed.js";
import { GtidSet } from "./gtid-set.js";
import { setOf } from "./positions.js";
import type { LoggedStatement } from "./query-event.js";
import { concerns, isAddition, kindOf, namedTables } from "./statement.js";
import { EndSink } from "./end-sink.js";
import { WitnessSink } from "./witness-sink.js";
import type { Asked } from "./witness-sink.js";

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
      // What was asked for lies behind a place that nobody asked for.
      if ((!enough.signal.aborted || signal.aborted) && !sink.refused(error)) throw error;
    }
    return sink.seen;
  }

  async endOf(at: LogPlace, held: Position, signal: AbortSignal): Promise<PreparedEnd | null> {
    const { server, plan } = this.#options;
    this.#feed ??= await openBinlogFeed({ server, plan });
    const enough = new AbortController();
    const sink = new EndSink(nameOf(at), () => {
      enough.abort(new Fault("interrupted", "Its end is seen."));
    });
    try {
      await this.#feed.read([held], sink, { untilEnd: true, signal: eitherOf(signal, enough.signal) });
    } catch (error) {
      if (!enough.signal.aborted || signal.aborted) throw error;
    }
    return sink.end;
  }

  async before(
    at: LogPlace,
    held: Position,
    known: readonly LogPlace[],
    signal: AbortSignal,
  ): Promise<readonly LoggedTransaction[]> {
    const { server, plan, engine } = this.#options;
    const name = nameOf(at);
    const names = new Set(known.map(nameOf));
    names.add(name);
    this.#feed ??= await openBinlogFeed({ server, plan });
    const enough = new AbortController();
    let reached = false;
    const asked: Asked = {
      has: (one) => !names.has(one.toLowerCase()),
      past: (one) => (reached ||= one.toLowerCase() === name),
    };
    const sink = new WitnessSink(asked, () => {
      enough.abort(new Fault("interrupted", "All before it is seen."));
    });
    const others = known.filter((one) => nameOf(one) !== name);
    const from = engine === "mariadb" ? held : withKnown(held, others);
    try {
      await this.#feed.read([from], sink, { untilEnd: true, signal: eitherOf(signal, enough.signal) });
    } catch (error) {
      if (!enough.signal.aborted || signal.aborted) {
        reached = sink.refused(error) || nameOfFault(error) === name;
        if (!reached) throw error;
      }
    }
    if (!reached)
      throw new Fault(
        "position-unknown",
        `The topics have the transaction ${at.gtid ?? ""}, and the source's log does not: it was lost in a failover, or the connector reads another server.`,
        { facts: { transaction: at.gtid } },
      );
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

function askedSet(unheard: readonly Unheard[]): Asked {
  const set = new GtidSet();
  for (const { names } of unheard) set.addAll(GtidSet.parse(names));
  const left = { count: set.count, last: "" };
  return {
    has(name) {
      const { key, number } = setGtidOf({ gtid: name, file: "", offset: "" });
      if (!set.has(key, number)) return false;
      // Asked twice of one with a statement and rows.
      if (name !== left.last) left.count -= 1n;
      left.last = name;
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

function nameOf({ gtid }: LogPlace): string {
  return (gtid ?? "").toLowerCase();
}

/** At which transaction the log could not be read. */
function nameOfFault(error: unknown): string {
  const at = error instanceof Fault ? error.facts["at"] : undefined;
  return typeof at === "string" ? at.toLowerCase() : "";
}

/** What is known is met in a moment, and need not be sent. */
function withKnown(held: Position, known: readonly LogPlace[]): Position {
  const set = setOf(held).copy();
  for (const at of known) {
    const { key, number } = setGtidOf(at);
    set.add(key, number);
  }
  return { kind: "gtid", set: set.text(), file: "", offset: "0" };
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
