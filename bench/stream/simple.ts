/**
 * What simple consumers of a log do, beside which the engine is measured: one prepared statement a changed row,
 * awaited, some hundred rows a transaction, the position written along. Feed and decoding are the engine's own, so that
 * the difference is the way into PostgreSQL and nothing else.
 */
import { Client } from "pg";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type { ChangeFeed, ChangeSink, RowImages } from "../../src/stream-port.js";
import { fieldsOf } from "../../src/stream/projection.js";
import { codecCells, Shape, StreamTable } from "../../src/stream/table.js";
import { loginOf } from "../../test/world/accounts.js";
import { openMeter } from "../apply/meter.js";
import type { Figures } from "../apply/meter.js";
import type { BenchWorld } from "./world.js";

type Row = readonly (Buffer | null)[];

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: Row;
}

const rowsEach = 500;
/** Changes that wait for the target; then the feed does. */
const most = 1000;

/** Applies the log from `from` on to the database at `url` until `limit` changes are in. */
export async function consumeSimply(
  world: BenchWorld,
  url: string,
  plan: Plan,
  from: Position,
  limit: number,
): Promise<Figures> {
  await using source = await openMysql(world.source.options);
  await using feed = await source.feed(plan);
  const client = new Client(loginOf(url));
  await client.connect();
  try {
    await client.query(
      "SET session_replication_role = replica; CREATE TABLE IF NOT EXISTS place (seq bigint); INSERT INTO place VALUES (0)",
    );
    const pid = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const meter = openMeter();
    const enough = new AbortController();
    const sink = new SimpleSink(plan, enough.signal);
    meter.begin(pid.rows[0]?.pid ?? 0);
    const reading = read(feed, from, sink, enough.signal);
    for (let done = 0; done < limit;) {
      await client.query("BEGIN");
      for (let row = 0; row < rowsEach; row++, done++) {
        const { name, text, values } = await sink.next();
        const { rowCount } = await client.query({ name, text, values: [...values] });
        if (rowCount !== 1) throw new Error(`${name} touched ${String(rowCount)} rows`);
      }
      await client.query({ name: "place", text: "UPDATE place SET seq = seq + 1" });
      await client.query("COMMIT");
    }
    meter.end();
    enough.abort();
    sink.taken();
    await reading;
    return meter.figures(limit);
  } finally {
    await client.end();
  }
}

/** Until there was enough. */
async function read(feed: ChangeFeed, from: Position, sink: ChangeSink, enough: AbortSignal): Promise<void> {
  try {
    await feed.read([from], sink, { untilEnd: false, signal: enough });
  } catch (error) {
    if (!enough.aborted) throw error;
  }
}

class SimpleSink implements ChangeSink {
  readonly #table: StreamTable;
  readonly #stopped: AbortSignal;
  readonly #insert: string;
  readonly #update: string;
  #shape: { readonly images: RowImages; readonly shape: Shape } | null = null;
  readonly #waiting: Statement[] = [];
  #arrived: (() => void)[] = [];
  #room: (() => void)[] = [];

  endsUnseen(): void {
    throw new Error("nothing is prepared here");
  }

  constructor(plan: Plan, stopped: AbortSignal) {
    const [planned] = plan.tables;
    if (planned === undefined) throw new Error("no table");
    this.#stopped = stopped;
    this.#table = new StreamTable(planned, plan, codecCells("mysql"));
    const names = planned.columns.map(({ target }) => target);
    this.#insert = `INSERT INTO acc (${names.join(", ")}) VALUES (${names.map((_, i) => `$${String(i + 1)}`).join(", ")})`;
    this.#update = `UPDATE acc SET ${names
      .slice(1)
      .map((name, i) => `${name} = $${String(i + 2)}`)
      .join(", ")} WHERE id = $1`;
  }

  async next(): Promise<Statement> {
    for (;;) {
      const statement = this.#waiting.shift();
      if (statement !== undefined) {
        if (this.#waiting.length === most / 2) this.taken();
        return statement;
      }
      await new Promise<void>((resolve) => this.#arrived.push(resolve));
    }
  }

  taken(): void {
    for (const go of this.#room.splice(0)) go();
  }

  change(
    ...[images, operation, bytes, before, beforeEnd, after, afterEnd]: Parameters<ChangeSink["change"]>
  ): void {
    if (this.#shape?.images !== images) this.#shape = { images, shape: new Shape(this.#table, images) };
    const { shape } = this.#shape;
    const [start, end] = operation === "delete" ? [before, beforeEnd] : [after, afterEnd];
    const { row } = this.#table;
    row.read(shape.row, bytes, start, end);
    const values = fieldsOf(row.out.bytes, row.out.at).map((field) =>
      field === null ? null : Buffer.from(field),
    );
    this.#waiting.push(
      operation === "delete"
        ? { name: "delete", text: "DELETE FROM acc WHERE id = $1", values: values.slice(0, 1) }
        : { name: operation, text: operation === "insert" ? this.#insert : this.#update, values },
    );
    for (const go of this.#arrived.splice(0)) go();
  }

  full(): boolean {
    return this.#waiting.length >= most && !this.#stopped.aborted;
  }

  async drained(): Promise<void> {
    while (this.full()) await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  wants(): boolean {
    return true;
  }

  begin(): void {
    return;
  }

  commit(): void {
    return;
  }

  idle(): void {
    return;
  }

  marker(): void {
    return;
  }

  truncate(): void {
    throw new Error("nobody truncates here");
  }

  schemaChange(): void {
    throw new Error("nobody changes the table here");
  }
}
