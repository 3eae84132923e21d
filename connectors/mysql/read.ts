/**
 * Reads ranges: one prepared statement each, so one short consistent view each, its rows handed to the sink as
 * the packets they came in. The session is made the same whatever the server's defaults are: a limit for
 * dashboards, a sql_mode or a time zone of theirs would change or cut what we copy.
 */
import { Fault } from "../../src/errors.js";
import type { PlanColumn, PlanKey } from "../../src/model.js";
import type { RowQuery, RowReader, RowSink, SourceDigests } from "../../src/port.js";
import type { DigestQuery, DigestSums } from "../../src/verify-port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { byKeys, keyLookup } from "./by-key.js";
import type { KeyLookup } from "./by-key.js";
import type { MysqlOptions } from "./connection.js";
import { digestSelect, inBuckets, inSample, rowHash, sumsOf } from "./digest.js";
import { between, keyShape } from "./key.js";
import type { KeyShape } from "./key.js";
import { readWaitSeconds, untilLocked } from "./locked.js";
import { demandIdentity, identityOf, identityVariables } from "./server-identity.js";
import { openLifted } from "./wire/lifted.js";
import type { Statement, Wire } from "./wire/wire.js";

/** The session of types.md rule 2, and what only a long read needs. */
const session = [
  "SET NAMES utf8mb4",
  "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
  "SET SESSION time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION', group_concat_max_len = 1048576, " +
    // A table that somebody locked is told of, not waited for through the night.
    // A target that takes its time fills the socket; with the server's 60 s it would hang up on us.
    `lock_wait_timeout = ${String(readWaitSeconds)}, ` +
    "net_write_timeout = 600, net_read_timeout = 600, wait_timeout = 28800, " +
    // The server's own may be small: SELECT would end early and look complete.
    "sql_select_limit = 18446744073709551615, sql_big_selects = 1, autocommit = 1, " +
    // Set to RELEASE, the end of each view would be the end of the session.
    "completion_type = 'NO_CHAIN'",
];

const whereKnown: readonly (readonly [variable: string, value: string])[] = [
  ["max_execution_time", "0"],
  // Results that are read once would push everything else out of MariaDB's query cache.
  ["query_cache_type", "0"],
  // A moment in the past would be read instead of what the rows are now.
  ["system_versioning_asof", "DEFAULT"],
];

/** Of a connection that is asked for few rows: tables are many, and each is split over one of its own. */
export const fewRows = 65_536;

/** Opens a raw connection with the session that reading needs; its buffer is for rows in bulk where nobody says otherwise. */
export async function openReading(options: MysqlOptions, bufferSize?: number): Promise<Wire> {
  const wire = await openLifted(options, bufferSize);
  try {
    for (const statement of session) await wire.query(statement);
    const asked = [...whereKnown.map(([name]) => name), ...identityVariables];
    const known = await wire.query(
      `SHOW SESSION VARIABLES WHERE Variable_name IN (${asked.map((name) => `'${name}'`).join(", ")})`,
    );
    demandIdentity(`${options.host}:${String(options.port)}`, options.expect, identityOf(known));
    // An invisible key is hidden from the application's plans; ours say its name.
    const [switches] = await wire.query("SELECT @@optimizer_switch");
    if (switches?.[0]?.includes("use_invisible_indexes=off") === true)
      await wire.query("SET SESSION optimizer_switch = 'use_invisible_indexes=on'");
    // MariaDB keeps a subquery's answer by what its collation holds equal.
    if (switches?.[0]?.includes("subquery_cache=on") === true)
      await wire.query("SET SESSION optimizer_switch = 'subquery_cache=off'");
    for (const [name, value] of whereKnown)
      if (known.some((row) => row[0] === name && row[1] !== value && row[1] !== "OFF"))
        await wire.query(`SET SESSION ${name} = ${value}`);
  } catch (error) {
    await wire[Symbol.asyncDispose]();
    throw error;
  }
  return wire;
}

/** A query, with a condition of our own on top. */
type Asked = RowQuery & { readonly where?: string };

/** Reads ranges over one raw connection. `close` runs before the connection goes: what its session holds is let go of there. */
export class WireReader implements RowReader {
  readonly #wire: Wire;
  readonly #options: MysqlOptions;
  readonly #close: (wire: Wire) => Promise<void>;
  readonly #shapes = new Map<string, KeyShape | null>();
  readonly #lookups = new Map<string, KeyLookup>();
  readonly digests: SourceDigests = {
    sums: (query, buckets, signal) => this.#sums(query, buckets, signal),
    hashes: async (query, buckets, sink, signal) => {
      const select = [...query.select, rowHash(query.texts)];
      await this.read({ ...wanted(query), select, where: inBuckets(query, buckets) }, sink, signal);
    },
    hash: rowHash,
  };

  /** `options` are the wire's own, for a second look at who locks a table. */
  constructor(
    wire: Wire,
    options: MysqlOptions,
    close: (wire: Wire) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#wire = wire;
    this.#options = options;
    this.#close = close;
  }

  async read(query: Asked, sink: RowSink, signal: AbortSignal): Promise<{ readonly rows: number }> {
    if (query.keys !== undefined) return { rows: await this.#byKeys(query, query.keys, sink, signal) };
    return await untilLocked(this.#options, query.table, async () => {
      const statement = await this.#statement(query);
      const { rows } = await this.#wire.stream(statement, sink, signal);
      return { rows };
    });
  }

  /** A statement for each batch of keys, and one more for what became one of them on its way. */
  async #byKeys(
    query: Asked,
    keys: NonNullable<RowQuery["keys"]>,
    sink: RowSink,
    signal: AbortSignal,
  ): Promise<number> {
    const { table, key } = query;
    if (key === null) throw new Fault("bug", `Rows of ${table} by a key that it does not have.`);
    const lookup = await this.#lookup(table, key, keys.columns);
    const select = `SELECT ${query.select.join(", ")} FROM ${mysqlName(table)} FORCE INDEX (${mysqlName(key.index)})`;
    const also = conditions(query)
      .map((sql) => ` AND ${sql}`)
      .join("");
    const order = query.ordered ? orderBy(key) : "";
    const ask = async ({ sql, params }: Statement): Promise<number> =>
      await untilLocked(this.#options, table, async () => {
        const statement = { sql: `${select} WHERE ${sql}${also}${order}`, params };
        return (await this.#wire.stream(statement, sink, signal)).rows;
      });
    let rows = 0;
    let statements = 0;
    for (const batch of byKeys(lookup, keys.texts)) {
      statements += batch.besides === null ? 1 : 2;
      if (query.ordered && statements > 1)
        throw new Fault(
          "bug",
          `Keys of ${table} were asked for in an order that one statement does not have.`,
        );
      const found = await ask(batch.found);
      rows += found;
      if (batch.besides !== null && (!batch.whenMissing || found < batch.keys))
        rows += await ask(batch.besides);
    }
    return rows;
  }

  async #sums(query: DigestQuery, buckets: number, signal: AbortSignal): Promise<readonly DigestSums[]> {
    const { select, around } = digestSelect(query, buckets);
    return await untilLocked(this.#options, query.table.source, async () => {
      const { sql, params } = await this.#statement({ ...wanted(query), select: [select] });
      return sumsOf(await this.#wire.select({ sql: around(sql), params }, signal));
    });
  }

  async #statement(query: Asked): Promise<Statement> {
    const select = `SELECT ${query.select.join(", ")} FROM ${mysqlName(query.table)}`;
    const { lower, upper } = query.range ?? { lower: null, upper: null };
    const where = (...range: readonly string[]): string => {
      const all = [...range, ...conditions(query)];
      return all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`;
    };
    if (lower === null && upper === null && !query.ordered) return { sql: select + where(), params: [] };
    if (query.key === null) throw new Fault("bug", `A range of ${query.table}, which has no key.`);
    const forced = `${select} FORCE INDEX (${mysqlName(query.key.index)})`;
    const order = query.ordered ? orderBy(query.key) : "";
    if (lower === null && upper === null) return { sql: forced + where() + order, params: [] };
    const shape = await this.#shape(query.table, query.key);
    const range = between(shape, lower, upper) ?? { sql: "TRUE", params: [] };
    return { sql: forced + where(range.sql) + order, params: range.params };
  }

  async #lookup(table: string, key: PlanKey, planned: readonly PlanColumn[]): Promise<KeyLookup> {
    const name = nameOf(table, key) + JSON.stringify(planned);
    const known = this.#lookups.get(name);
    if (known !== undefined) return known;
    const lookup = await untilLocked(this.#options, table, () => keyLookup(this.#wire, table, key, planned));
    this.#lookups.set(name, lookup);
    return lookup;
  }

  async #shape(table: string, key: PlanKey): Promise<KeyShape> {
    const name = nameOf(table, key);
    let shape = this.#shapes.get(name);
    if (shape === undefined) {
      shape = await keyShape(this.#wire, table, key);
      this.#shapes.set(name, shape);
    }
    if (shape === null) throw new Fault("bug", `A range of ${table}, whose key has no exact bounds.`);
    return shape;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#wire.over) await this.#close(this.#wire);
    } finally {
      await this.#wire[Symbol.asyncDispose]();
    }
  }
}

/** The rows of a digest; by its key where it has one, so that a range takes its index. */
function wanted({ table, range }: DigestQuery): Omit<RowQuery, "select"> {
  return { table: table.source, key: table.key, range, ordered: false };
}

function orderBy(key: PlanKey): string {
  return ` ORDER BY ${key.columns.map((name) => mysqlName(name)).join(", ")}`;
}

function nameOf(table: string, key: PlanKey): string {
  return `${table}\n${key.index}\n${key.columns.join("\n")}`;
}

/** Beside the range or the keys. */
function conditions({ where, sample }: Asked): readonly string[] {
  return [
    ...(where === undefined ? [] : [`(${where})`]),
    ...(sample === undefined ? [] : [`(${inSample(sample)})`]),
  ];
}
