/**
 * What tests of the target's log share: a database with the way back's rights, a plan of tables that are declared in
 * PostgreSQL's own words, and a sink that writes rows down as the server's own binary tuples, in hex.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { grantStatements } from "../../connectors/postgres/grants.js";
import { openWayBack } from "../../connectors/postgres/logical/way-back.js";
import type { WayBack } from "../../src/cutover-port.js";
import type { Plan, Position } from "../../src/model.js";
import type { ChangeFeed, RowImages } from "../../src/stream-port.js";
import { stopReason } from "../../src/stop.js";
import { wayBackPlan } from "../../src/stream/way-back.js";
import { asItIs } from "../../src/typemap/as-it-is.js";
import { Output } from "../../src/typemap/output.js";
import { RowWriter } from "../../src/typemap/writer.js";
import { loginOf } from "../world/accounts.js";
import { laneWorld } from "../world/apply-lane.js";
import type { LaneWorld, TableWish } from "../world/apply-lane.js";
import type { TargetDatabase } from "../world/target-database.js";
import { Recorder } from "./feed-recorder.js";

export const never = new AbortController().signal;

export const clock = {
  now: (): number => performance.now(),
  wait: async (ms: number, signal: AbortSignal): Promise<void> => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? stopReason(signal) : error;
    }
  },
};

/** The database as the engine of a migration with a way back has it. */
export async function withWayBack(database: TargetDatabase): Promise<TargetDatabase> {
  const { username, pathname } = new URL(database.options.url);
  const phases = grantStatements({
    role: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    schema: "public",
    schemaExists: true,
  });
  for (const { phase, statements } of phases)
    if (phase === "way back") for (const statement of statements) await database.sql(statement);
  return { ...database, options: { ...database.options, wayBack: true } };
}

export interface LogWorld extends AsyncDisposable {
  readonly lanes: LaneWorld;
  /** As the way back goes by it. */
  readonly plan: Plan;
  readonly wayBack: WayBack;
  readonly feed: ChangeFeed;
  /** Where the slot begins. */
  readonly start: Position;
  /** From there, or from `from`, to what is the log's end now. */
  read(sink?: Recorder, from?: Position): Promise<Recorder>;
}

/** Tables made anew, claimed, and the way back prepared. */
export async function logWorld(
  database: TargetDatabase,
  wishes: readonly TableWish[],
  more: Parameters<typeof laneWorld>[2] & { readonly alter?: (plan: Plan) => Plan } = {},
): Promise<LogWorld> {
  await dropSlots(database);
  const lanes = await laneWorld(database, wishes, more);
  const plan = wayBackPlan((more.alter ?? ((same): Plan => same))(lanes.plan));
  const wayBack = openWayBack({ server: database.options, migration: plan.migration, ...clock });
  let start: Position;
  try {
    start = await wayBack.prepare(plan);
  } catch (error) {
    await lanes[Symbol.asyncDispose]();
    throw error;
  }
  const feed = await wayBack.feed(plan);
  return {
    ...{ lanes, plan, wayBack, feed, start },
    read: async (sink = new Recorder(tellTuples), from = start) => {
      await feed.read([from], sink, { untilEnd: true, signal: never });
      return sink;
    },
    [Symbol.asyncDispose]: async () => {
      await wayBack[Symbol.asyncDispose]();
      await lanes[Symbol.asyncDispose]();
      await dropSlots(database);
    },
  };
}

/** A database with a slot cannot be dropped; nor is any of it another test's. */
export async function dropSlots(database: TargetDatabase): Promise<void> {
  await database.sql(`
    SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
     WHERE database = current_database() AND active_pid IS NOT NULL`);
  await database.sql(
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
  );
  await database.sql(
    `DO $$ DECLARE p name; BEGIN FOR p IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', p); END LOOP; END $$`,
  );
  await database.sql(
    "SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname LIKE 'headgate%'",
  );
}

/** A row as the tuple that binary COPY has of it, in hex. */
export function tellTuples(images: RowImages, bytes: Buffer, start: number, end: number): string {
  const places = images.table.columns.map((_, place) => place);
  const writer = new RowWriter(
    places.map(() => asItIs),
    new Output(null, places.length),
  );
  images.reader(places).read(bytes, start, end, (packet, from, to) => writer.row(packet, from, to));
  return writer.out.bytes.toString("hex", 0, writer.out.at);
}

/** A row as the texts of its columns. */
export function tellTexts(images: RowImages, bytes: Buffer, start: number, end: number): string {
  const tuple = Buffer.from(tellTuples(images, bytes, start, end), "hex");
  const fields: string[] = [];
  for (let at = 2; at < tuple.length;) {
    const length = tuple.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? "null" : tuple.toString("utf8", at, at + length));
    at += Math.max(0, length);
  }
  return fields.join("/");
}

/** A session of an administrator's that stays. */
export async function administrator(database: TargetDatabase): Promise<Client & AsyncDisposable> {
  const client = new Client(loginOf(database.url));
  // A server that is restarted ends it.
  client.on("error", () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
