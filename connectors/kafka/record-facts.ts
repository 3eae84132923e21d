/**
 * What the small records say, from their payload as an object: begins and ends of transactions, and statements that
 * change tables. JSON and Avro give the same object, but for Avro's whole numbers of 64 bits.
 */
import type { DebeziumOperation, SchemaChangeRecord, TransactionRecord } from "./record.js";
import { unreadable } from "./unreadable.js";

export function isOperation(op: string): op is DebeziumOperation {
  return op.length === 1 && "cudrtm".includes(op);
}

/** Throws Fault event-unreadable. */
export function transactionOf(payload: unknown): TransactionRecord {
  const facts = members(payload);
  const status = facts.get("status");
  const id = facts.get("id");
  if ((status !== "BEGIN" && status !== "END") || typeof id !== "string")
    throw unreadable("The record's value is no beginning or end of a transaction.");
  const collections = facts.get("data_collections");
  const tables = Array.isArray(collections)
    ? collections.map((collection) => {
        const member = members(collection);
        const table = member.get("data_collection");
        if (typeof table !== "string")
          throw unreadable("The end of a transaction does not name the tables of its events.");
        return { table, events: count(member.get("event_count")) };
      })
    : [];
  const events = status === "END" ? count(facts.get("event_count")) : null;
  // Of tables that its filters leave out Debezium counts nothing, neither here nor there.
  const sum = tables.reduce((all, one) => all + one.events, 0);
  if (events !== null && events !== sum)
    throw unreadable(
      `The end of the transaction ${id} counts ${String(events)} changes, and its tables have ${String(sum)} of them.`,
    );
  return {
    status,
    id,
    ts: facts.get("ts_ms") === undefined ? 0 : count(facts.get("ts_ms")),
    events,
    tables,
  };
}

/** Throws Fault event-unreadable. */
export function schemaChangeOf(payload: unknown): SchemaChangeRecord {
  const facts = members(payload);
  const source = members(facts.get("source"));
  const statement = facts.get("ddl");
  if (typeof statement !== "string")
    throw unreadable("The record's value is no statement that changes tables.");
  const changes = facts.get("tableChanges");
  const snapshot = text(source.get("snapshot"));
  return {
    db: text(facts.get("databaseName")) ?? text(source.get("db")) ?? "",
    statement,
    tables: Array.isArray(changes) ? changes.map((change) => tableName(text(members(change).get("id")))) : [],
    gtid: text(source.get("gtid")),
    file: text(source.get("file")) ?? "",
    pos: count(source.get("pos") ?? 0),
    row: count(source.get("row") ?? 0),
    serverId: count(source.get("server_id") ?? 0),
    ts: count(source.get("ts_ms") ?? 0),
    snapshot: snapshot === "false" ? null : snapshot,
  };
}

/** `"shop"."orders"` to `orders`. */
function tableName(id: string | null): string {
  const last = /"((?:[^"]|"")*)"$/.exec(id ?? "")?.[1];
  if (last === undefined) throw unreadable("A statement's table has no name that can be read.");
  return last.replaceAll('""', '"');
}

function members(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null) throw unreadable("The record's value lacks a part.");
  return new Map(Object.entries(value));
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function count(value: unknown): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0)
    throw unreadable("The record's value has no number where it should.");
  return number;
}
