/**
 * Transactions out of topics: for each that has ended, exactly as many changes are taken from the topics of its tables as
 * its end counts, handed over whole, and committed. What comes otherwise (too few, another one's, none of a transaction)
 * is a loss and stops the feed. Whatever the connector repeats after it was killed is passed over.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import type { ChangeOperation, LogPlace } from "../../../src/stream-port.js";
import type { RecordReader } from "../record.js";
import type { TopicReading } from "../topic.js";
import type { Absent } from "./absent.js";
import type { Doubts, DoubtsParts } from "./doubts.js";
import { byTopic, stands } from "./by-topic.js";
import type { Count } from "./by-topic.js";
import type { LastTaken } from "./last-taken.js";
import { late, uncounted, wrong } from "./lacking.js";
import { MarkerImages } from "./marker-image.js";
import type { Ended } from "./marks.js";
import type { RowHead } from "./row-head.js";
import type { Rows } from "./rows.js";
import { halfOnly, newKey, oldKey, Share } from "./share.js";
import { markerNameOf } from "./targets.js";
import type { RowTargets } from "./targets.js";

export interface AssemblyParts extends Omit<DoubtsParts, "witness" | "statements"> {
  readonly doubts: Doubts;
  readonly targets: RowTargets;
  readonly records: RecordReader;
  readonly reading: TopicReading;
  /** The topic of each table's rows, by `database.table`. */
  readonly topics: ReadonlyMap<string, Rows>;
  readonly absent: Absent;
  readonly last: LastTaken;
  readonly now: () => number;
  readonly patienceMs: number;
}

interface Taking {
  readonly rows: Rows;
  readonly share: Share;
  done: boolean;
}

/** The transaction at hand. */
interface Present {
  readonly gtid: string | null;
  /** The sink knows of it. */
  begun: boolean;
  /** Where the last change that was handed over stands. */
  last: LogPlace | null;
  /** The delete of a changed key, whose insert comes next. */
  half: RowHead | null;
}

const operations: Readonly<Record<string, ChangeOperation>> = { c: "insert", u: "update", d: "delete" };

/** How long one look waits for news. */
const lookMs = 1_000;

export class Assembly {
  readonly #parts: AssemblyParts;
  readonly #markers: MarkerImages;
  #present: Present | null = null;

  constructor(parts: AssemblyParts) {
    this.#parts = parts;
    this.#markers = new MarkerImages(parts.records);
  }

  /** The position, and the transaction at hand, which is committed at the source. */
  present(): Position {
    const position = this.#parts.position();
    const gtid = this.#present?.gtid ?? null;
    if (position.kind !== "gtid" || gtid === null) return position;
    return { ...position, set: position.set === "" ? gtid : `${position.set},${gtid}` };
  }

  /** The transaction that has ended, from its first change to its commit. */
  async transaction(ended: Ended): Promise<void> {
    const { standing, strangers, doubts, held, last, position } = this.#parts;
    if (standing.has(ended.at)) return;
    await strangers.demandNone(ended.at);
    await doubts.before(ended.at);
    if (ended.events === 0 && ended.begun === 1) await doubts.empty(ended);
    const takings = await this.#takings(ended);
    const present: Present = { gtid: ended.at.gtid, begun: false, last: null, half: null };
    this.#present = present;
    const [only] = takings;
    if (takings.length === 1 && only !== undefined)
      while (!(await this.#isDone(only, takings, ended))) await this.#one(only, ended);
    else if (takings.length > 1) await this.#merged(takings, ended);
    if (takings.every(({ share }) => share.sure)) last.sure();
    else last.unsure(ended.id, new Map(takings.map(({ rows, share }) => [rows.topic, share])));
    standing.reach(present.last ?? ended.at);
    this.#present = null;
    if (present.begun) held.commit(position);
    // In topics that its end has counted nothing of too.
    for (const rows of this.#parts.rows) rows.forget();
    if (held.full) await held.settle();
  }

  /** Which topics have a part in it. */
  async #takings(ended: Ended): Promise<readonly Taking[]> {
    const { targets } = this.#parts;
    const counts = ended.tables.map(({ table, events }): Count => [targets.key(table), events]);
    await this.#parts.absent.demandNone(counts);
    const promised = byTopic(this.#parts.topics, counts);
    const takingOf = (rows: Rows): Taking => ({
      rows,
      share: new Share(ended, promised.get(rows) ?? new Map()),
      done: false,
    });
    if (ended.begun === 1) return [...promised.keys()].map(takingOf);
    // Begun again, it has changes that its last count leaves out, in any topic.
    const logged = await this.#logged(ended);
    const takings = [...new Set([...promised.keys(), ...logged.keys()])].map(takingOf);
    for (const { rows, share } of takings) share.recount(logged.get(rows) ?? new Map());
    return takings;
  }

  /** The source's log has the last word on what a transaction consists of. */
  async #recount(takings: readonly Taking[], ended: Ended): Promise<void> {
    const logged = await this.#logged(ended);
    for (const [rows, counts] of logged)
      if (!takings.some((taking) => taking.rows === rows)) throw uncounted(ended, [...counts.keys()]);
    for (const { rows, share } of takings) share.recount(logged.get(rows) ?? new Map());
  }

  async #logged(ended: Ended): Promise<ReadonlyMap<Rows, ReadonlyMap<string, number>>> {
    const { doubts, plan, targets, topics, absent } = this.#parts;
    const { tables, markers } = await doubts.counted(ended);
    const counts = [
      ...[...tables].map(([table, rows]): Count => [targets.key(`${plan.database}.${table}`), rows]),
      ...[...markers].map(([lane, rows]): Count => [markerNameOf(lane), rows]),
    ];
    await absent.demandNone(counts);
    return byTopic(topics, counts);
  }

  /** Resolves with false when its head is a change of the transaction. */
  async #isDone(taking: Taking, takings: readonly Taking[], ended: Ended): Promise<boolean> {
    const { rows, share } = taking;
    let waited = 0;
    for (;;) {
      if (share.complete) return true;
      const { head } = rows;
      if (head !== null) {
        const { event } = head;
        if (event.transaction?.id === ended.id) {
          if (share.sure || !share.doubts(head)) return false;
          await this.#recount(takings, ended);
          continue;
        }
        // One that stands behind it is as good a sign of its end as any other change.
        if (
          event.op === "t" &&
          this.#present?.begun !== true &&
          !this.#parts.book.precedes(ended.at, head.at)
        ) {
          await this.#parts.doubts.emptied(rows);
          continue;
        }
        if (!share.sure) {
          await this.#recount(takings, ended);
          continue;
        }
        throw wrong(rows, head, ended, share, this.#parts.book.precedes(head.at, ended.at));
      }
      const before = this.#parts.now();
      await this.#parts.held.flush();
      await this.#news(rows);
      waited += this.#parts.now() - before;
      if (waited <= this.#parts.patienceMs) continue;
      if (share.sure) throw late(ended, share, rows, waited);
      await this.#recount(takings, ended);
    }
  }

  /** Rows of several topics by their places in the source's log. */
  async #merged(takings: readonly Taking[], ended: Ended): Promise<void> {
    for (const taking of takings) taking.done = await this.#isDone(taking, takings, ended);
    for (;;) {
      const open = takings.filter(({ done }) => !done);
      const [first, ...others] = open;
      if (first === undefined) return;
      const next = others.reduce((one, other) => (stands(other.rows, one.rows) ? other : one), first);
      await this.#one(next, ended);
      // What the log counts of one, it counts of all.
      for (const taking of takings)
        if (taking === next || taking.done !== taking.share.complete)
          taking.done = await this.#isDone(taking, takings, ended);
    }
  }

  async #one({ rows, share }: Taking, ended: Ended): Promise<void> {
    const { head } = rows;
    if (head === null) throw new Fault("bug", "A change was to be taken that is not there.");
    if (share.takes(head)) this.#hand(head, ended.committedAt);
    rows.take();
    if (this.#parts.held.full) await this.#parts.held.settle();
  }

  #hand(head: RowHead, committedAt: number | null): void {
    const { held, standing, records } = this.#parts;
    const { event, target, value, at } = head;
    const present = this.#present;
    if (present === null) throw new Fault("bug", "A change was to be handed over outside of a transaction.");
    if (!present.begun) {
      held.begin(standing.transaction(at, event.ts > 0 ? event.ts : committedAt));
      present.begun = true;
    }
    present.last = at;
    const operation = operations[event.op];
    if (operation === undefined)
      throw new Fault("event-unreadable", `A record of ${head.target.name} has the operation "${event.op}".`);
    if (target.kind === "marker") {
      if (operation === "insert")
        this.#markers.read(target.lane, head, (id, note) => {
          held.marker(target.lane, id, note);
        });
      return;
    }
    if (!held.wants(target.table)) return;
    const { before, beforeEnd, after, afterEnd } = event;
    if ((operation !== "insert" && beforeEnd <= before) || (operation !== "delete" && afterEnd <= after))
      throw new Fault(
        "event-unreadable",
        `A change of ${target.name} (${at.gtid ?? ""}) came without its ${operation !== "insert" && beforeEnd <= before ? "old" : "new"} image.`,
      );
    const images = records.images(event, target.table);
    const { half } = present;
    const second = oldKey in head.record.headers;
    if (second !== (half !== null) || (half !== null && half.target !== target))
      throw halfOnly(at.gtid ?? "", (half?.target ?? target).name);
    if (half !== null) {
      // What foreign keys do differs for a delete and for a key that changes.
      const old = half.value.subarray(half.event.before, half.event.beforeEnd);
      const whole = Buffer.concat([old, value.subarray(after, afterEnd)]);
      present.half = null;
      held.change({
        images,
        operation: "update",
        value: whole,
        before: 0,
        beforeEnd: old.length,
        after: old.length,
        afterEnd: whole.length,
      });
    } else if (operation === "delete" && newKey in head.record.headers) present.half = head;
    else
      held.change({
        images,
        operation,
        value,
        before: operation === "insert" ? after : before,
        beforeEnd: operation === "insert" ? after : beforeEnd,
        after: operation === "delete" ? beforeEnd : after,
        afterEnd: operation === "delete" ? beforeEnd : afterEnd,
      });
  }

  async #news(rows: Rows): Promise<void> {
    const { reading, signal } = this.#parts;
    await (rows.waiting ?? reading.arrived(lookMs, signal));
  }
}
