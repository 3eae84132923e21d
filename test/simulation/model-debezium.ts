/**
 * A Debezium connector as its source has it, for the feed over Kafka: a source's log of a few tables, topics in memory, and
 * lives of a connector that each end with a kill. What it has sent reaches the topics up to some record in each, its offset
 * is saved somewhere before the first that did not, and the next life goes on there: in the middle of a transaction it leaves
 * out what it has sent and goes on with the numbers that were saved, or begins anew and counts what is left. Where it loses
 * its connection to the source, it sends the whole transaction again, with numbers and counts that go on.
 */
import type { LoggedAct } from "../../src/stream-port.js";
import type { TopicRecord } from "../../connectors/kafka/topic.js";
import type { Random } from "./random.js";

export const uuid = "11111111-2222-3333-4444-555555555555";
export const tables = ["a", "b", "c"];
/** Of these topics each is one lane but the last two, which are one. */
export const topicOf: Readonly<Record<string, string>> = { a: "p.a", b: "p.b", c: "p.b" };
export const rowTopics = ["p.a", "p.b"];
export const transactionTopic = "p.transaction";

export interface ModelRow {
  readonly table: string;
  readonly op: "c" | "u" | "d";
  readonly value: string;
  /** The insert of a changed key stands where its delete does. */
  readonly half: "first" | "second" | null;
  readonly pos: number;
  readonly row: number;
}

export type ModelGroup =
  | { readonly kind: "rows"; readonly number: number; readonly rows: readonly ModelRow[] }
  /** Of another database: an end without changes. */
  | { readonly kind: "foreign"; readonly number: number }
  /** Debezium leaves the row out that was logged as a statement. */
  | { readonly kind: "statement"; readonly number: number }
  /** No topic tells of it. */
  | { readonly kind: "silent"; readonly number: number }
  | { readonly kind: "truncate"; readonly number: number; readonly table: string; readonly pos: number };

/** What the target is to have: one text a call that changes something. */
export function told(group: ModelGroup): readonly string[] {
  switch (group.kind) {
    case "rows":
      return group.rows.flatMap(({ table, op, value, half }) =>
        half === "first" ? [] : [`${String(group.number)} ${half === null ? op : "u"} ${table} ${value}`],
      );
    case "truncate":
      return [`${String(group.number)} t ${group.table}`];
    default:
      return [];
  }
}

/** `packed`: transactions that the log has compressed, whose changes all stand at one place and are alike often. */
export function modelLog(random: Random, groups: number, packed = false): readonly ModelGroup[] {
  let pos = 1000;
  const log: ModelGroup[] = [];
  for (let number = 1; number <= groups; number++) {
    const dice = random.below(20);
    pos += 100;
    if (dice === 0) log.push({ kind: "foreign", number });
    else if (dice === 1) log.push({ kind: "silent", number });
    else if (dice === 2) log.push({ kind: "truncate", number, table: random.pick(tables), pos });
    else {
      const rows: ModelRow[] = [];
      for (let events = 1 + random.below(3); events > 0; events--) {
        const table = random.pick(tables);
        if (!packed) pos += 50;
        for (let row = 0, count = 1 + random.below(3); row < count; row++) {
          const value = String(random.below(packed ? 2 : 1000));
          if (random.chance(0.15)) {
            rows.push({ table, op: "d", value, half: "first", pos, row });
            rows.push({ table, op: "c", value, half: "second", pos, row });
          } else rows.push({ table, op: random.pick(["c", "u", "d"] as const), value, half: null, pos, row });
        }
      }
      log.push({ kind: "rows", number, rows });
    }
  }
  // Whatever came before is whole for sure once all topics have something of a later transaction.
  const last = tables.map((table, row): ModelRow => ({
    table,
    op: "c",
    value: "end",
    half: null,
    pos: pos + 1000,
    row,
  }));
  return [...log, { kind: "rows", number: groups + 1, rows: last }];
}

interface Sent {
  readonly topic: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Where a next life goes on when this record's offset is the last that was saved. */
  readonly next: Resume;
}

interface Resume {
  readonly group: number;
  /** Rows of it that were sent. */
  readonly rows: number;
  /** How many events of each table it has numbered; null outside of a transaction. */
  readonly counts: ReadonlyMap<string, number> | null;
}

export class ModelTopics {
  readonly records = new Map<string, TopicRecord[]>(
    [...rowTopics, transactionTopic].map((topic) => [topic, []]),
  );
  readonly #log: readonly ModelGroup[];
  readonly #random: Random;
  lives = 0;
  /** How often the whole of a transaction was sent again. */
  reconnects = 0;
  /** How likely that is for each transaction. */
  readonly #lost: number;

  constructor(log: readonly ModelGroup[], random: Random, lost: number) {
    this.#log = log;
    this.#lost = lost;
    this.#random = random;
  }

  /** Lives until one comes to the log's end. */
  fill(kills: number): void {
    let from: Resume = { group: 0, rows: 0, counts: null };
    for (let left = kills; ; left--) {
      this.lives++;
      const sent = this.#life(from);
      if (left <= 0) {
        for (const one of sent) this.#append(one);
        return;
      }
      from = this.#killed(from, sent);
    }
  }

  /** Records of the topic that are lost on the way. */
  lose(topic: string, at: number): void {
    this.records.get(topic)?.splice(at, 1);
  }

  #killed(from: Resume, sent: readonly Sent[]): Resume {
    const random = this.#random;
    // The last transaction is what shows that those before it have ended.
    const last = this.#log.length - 1;
    const end = random.below(sent.filter(({ next }) => next.group < last).length + 1);
    const reached = new Map<string, number>();
    for (const topic of this.records.keys())
      reached.set(topic, random.chance(0.3) ? end : random.below(end + 1));
    let firstLost = end;
    sent.slice(0, end).forEach((one, at) => {
      if (at < (reached.get(one.topic) ?? 0)) this.#append(one);
      else firstLost = Math.min(firstLost, at);
    });
    const saved = random.chance(0.3) ? firstLost : random.below(firstLost + 1);
    return sent[saved - 1]?.next ?? from;
  }

  #append({ topic, text, headers }: Sent): void {
    const records = this.records.get(topic) ?? [];
    records.push({
      offset: BigInt(records.length),
      timestamp: 0,
      key: null,
      value: Buffer.from(text),
      headers,
    });
  }

  /** Places of the rows in the order in which they are sent; where the connection is lost, from the first one again. */
  #order(rows: readonly ModelRow[], skip: number): readonly number[] {
    const all = rows.map((_, at) => at);
    const random = this.#random;
    if (skip >= rows.length || !random.chance(this.#lost)) return all.slice(skip);
    let until = skip + random.below(rows.length - skip);
    if (rows[until]?.half === "second") until++;
    this.reconnects++;
    return [...all.slice(skip, until), ...all];
  }

  #life(from: Resume): readonly Sent[] {
    const sent: Sent[] = [];
    this.#log.forEach((group, index) => {
      if (index < from.group) return;
      const resumed = index === from.group && from.counts !== null;
      const skip = resumed ? from.rows : 0;
      const keeps = resumed && this.#random.chance(0.7);
      const after = { group: index + 1, rows: 0, counts: null };
      const gtid = `${uuid}:${String(group.number)}`;
      const mark = (
        status: string,
        events: number | null,
        counts: ReadonlyMap<string, number>,
        next: Resume,
      ): void => {
        const tables = [...counts].map(([table, count]) => ({ table: `db.${table}`, events: count }));
        const text = JSON.stringify({ status, id: gtid, ts: 0, events, tables });
        sent.push({ topic: transactionTopic, text, headers: {}, next });
      };
      if (group.kind === "silent") return;
      if (group.kind === "truncate") {
        sent.push({
          topic: topicOf[group.table] ?? "",
          text: rowText(gtid, group.table, "t", null, "", group.pos, 0),
          headers: {},
          next: after,
        });
        return;
      }
      const none = new Map<string, number>();
      if (!keeps) mark("BEGIN", null, none, { group: index, rows: skip, counts: none });
      const counts = new Map<string, number>(keeps ? from.counts : none);
      let total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const rows = group.kind === "rows" ? group.rows : [];
      this.#order(rows, skip).forEach((at) => {
        const row = rows[at];
        if (row === undefined) return;
        const before = new Map(counts);
        total++;
        const order = (counts.get(row.table) ?? 0) + 1;
        counts.set(row.table, order);
        const transaction = { id: gtid, totalOrder: total, tableOrder: order };
        // Both halves of a changed key carry one offset; Connect saves what was acknowledged, and both came or none here.
        const next =
          row.half === "first"
            ? { group: index, rows: at, counts: before }
            : { group: index, rows: at + 1, counts: new Map(counts) };
        sent.push({
          topic: topicOf[row.table] ?? "",
          text: rowText(gtid, row.table, row.op, transaction, row.value, row.pos, row.row),
          headers:
            row.half === null
              ? {}
              : { [row.half === "first" ? "__debezium.newkey" : "__debezium.oldkey"]: Buffer.from("1") },
          next,
        });
      });
      mark("END", total, counts, after);
    });
    return sent;
  }
}

function rowText(
  gtid: string,
  table: string,
  op: string,
  transaction: object | null,
  value: string,
  pos: number,
  row: number,
): string {
  return JSON.stringify({
    gtid,
    file: "binlog.000001",
    pos,
    row,
    op,
    db: "db",
    table,
    transaction,
    image: { value },
  });
}

/** How many rows of each table the source's log has in it. */
export function loggedRows(group: ModelGroup): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (group.kind === "rows")
    for (const { table, half } of group.rows)
      if (half !== "second") counts.set(table, (counts.get(table) ?? 0) + 1);
  return counts;
}

/** What the source's log says of one of its transactions. */
export function actOf(group: ModelGroup): LoggedAct {
  switch (group.kind) {
    case "rows":
      return {
        kind: "rows",
        tables: [...new Set(group.rows.map(({ table }) => table))],
        why: "It has rows.",
      };
    case "statement":
      return { kind: "rows", tables: ["a"], why: "It is a statement." };
    case "truncate":
      return { kind: "truncate", tables: [] };
    default:
      return { kind: "nothing" };
  }
}
