/**
 * Debezium's topics as a ChangeFeed. Each read joins them anew from the ledger's positions, takes transactions in the order
 * in which the connector ended them, and hands them over as the binlog feed does. Nothing is remembered from one read to
 * the next; what Kafka believes to be consumed is asked by nobody.
 */
import { Fault } from "../../src/errors.js";
import type { Position, TopicOffset } from "../../src/model.js";
import { throwIfStopped } from "../../src/stop.js";
import type { BookStanding, ChangeFeed, ChangeSink, FeedOptions } from "../../src/stream-port.js";
import { Assembly } from "./assembly/assembly.js";
import { Doubts } from "./assembly/doubts.js";
import { Held } from "./assembly/held.js";
import { Marks } from "./assembly/marks.js";
import { Rows } from "./assembly/rows.js";
import { Statements } from "./assembly/statements.js";
import { RowTargets } from "./assembly/targets.js";
import type { KafkaFeedOptions } from "./feed-options.js";
import { startOf } from "./starts.js";
import type { TopicReading } from "./topic.js";
import { markerDatabase, markerTableOf } from "./topic-names.js";

/** A connector's producer gives a record up after two minutes. */
const patienceMs = 180_000;
/** How long one look waits for news. */
const lookMs = 500;

export function openKafkaFeed(options: KafkaFeedOptions): ChangeFeed {
  if (options.topics.transactions === null && options.topics.rows.length !== 1)
    throw new Fault(
      "topic-refused",
      "Without provide.transaction.metadata only one topic keeps transactions whole, and the tables come in several.",
      { next: "Set provide.transaction.metadata to true in the connector." },
    );
  return new KafkaFeed(options);
}

/** One read of the topics. */
interface Session {
  readonly reading: TopicReading;
  readonly standing: BookStanding;
  readonly marks: Marks | null;
  readonly rows: readonly Rows[];
  readonly statements: Statements | null;
  readonly held: Held;
  readonly assembly: Assembly;
  readonly position: () => Position;
}

class KafkaFeed implements ChangeFeed {
  readonly #options: KafkaFeedOptions;

  constructor(options: KafkaFeedOptions) {
    this.#options = options;
  }

  async read(from: readonly Position[], sink: ChangeSink, options: FeedOptions): Promise<void> {
    const { client, topics } = this.#options;
    const { signal, untilEnd } = options;
    throwIfStopped(signal);
    const names = this.#names();
    const ends = untilEnd ? await client.ends(names) : null;
    const session = await this.#open(from, sink, signal);
    await using reading = session.reading;
    const { marks, rows, held, assembly, position, statements } = session;
    const [only] = rows;
    const master = topics.transactions ?? only?.topic ?? "";
    const atEnd = (): boolean => {
      const end = ends?.get(master);
      return (
        end !== undefined && (marks ?? only)?.reached !== undefined && ((marks ?? only)?.reached ?? 0n) >= end
      );
    };
    for (;;) {
      throwIfStopped(signal);
      if (marks !== null) {
        const ended = marks.head;
        if (ended !== null) {
          await assembly.transaction(ended);
          marks.take();
          if (held.full) await held.settle();
          continue;
        }
      } else if (only?.head !== null && only !== undefined) {
        await assembly.withoutEnd(only, only.head);
        continue;
      }
      await held.flush();
      await statements?.pump();
      if (atEnd()) return;
      held.idle(position);
      await held.settle();
      await ((marks ?? only)?.waiting ?? reading.arrived(lookMs, signal));
    }
  }

  async #open(from: readonly Position[], sink: ChangeSink, signal: AbortSignal): Promise<Session> {
    const { plan, topics, client, records, book, witness, reread, engine, now } = this.#options;
    const onCount = this.#options.onCount ?? ((): undefined => undefined);
    const standing = book.standing(from);
    const states = await client.lanes(this.#names());
    const there = new Set(states.filter(({ partitions }) => partitions > 0).map(({ topic }) => topic));
    const starts = states
      // Where no table was ever changed there may be no topic for it.
      .filter(({ topic, partitions }) => topic !== topics.schemaChanges || partitions > 0)
      .map((state) => startOf(state, from));
    const reading = await client.read(starts, signal);
    const targets = new RowTargets(plan);
    const rows = topics.rows.map(
      ({ topic }) =>
        new Rows({
          queue: reading.queue(topic),
          records,
          targets,
          standing,
          onCount,
          proof: starts.find((start) => start.topic === topic)?.proof ?? null,
          trimmed: starts.find((start) => start.topic === topic)?.trimmed ?? false,
        }),
    );
    const marks =
      topics.transactions === null ? null : new Marks(reading.queue(topics.transactions), records, standing);
    const statements =
      topics.schemaChanges === null || !there.has(topics.schemaChanges)
        ? null
        : new Statements(reading.queue(topics.schemaChanges), records, book, standing);
    const offsets = (): readonly TopicOffset[] =>
      [
        ...rows.map(({ topic, taken }) => ({ topic, taken })),
        { topic: topics.transactions ?? "", taken: marks?.taken ?? null },
        { topic: topics.schemaChanges ?? "", taken: statements?.taken ?? null },
      ].flatMap(({ topic, taken }) => (taken === null ? [] : [{ topic, offset: String(taken) }]));
    const position = (): Position => ({ ...standing.position(), topics: offsets() });
    const held = new Held({
      sink,
      reread,
      engine,
      present: () => assembly.present(),
      signal,
      onCount,
    });
    const parts = { plan, book, standing, held, rows, marks, position, signal, onCount };
    const doubts = new Doubts({ ...parts, witness, statements });
    const assembly: Assembly = new Assembly({
      ...parts,
      doubts,
      targets,
      records,
      reading,
      topics: this.#byTable(rows),
      now,
      patienceMs: this.#options.patienceMs ?? patienceMs,
    });
    return { reading, standing, marks, rows, statements, held, assembly, position };
  }

  #names(): readonly string[] {
    const { rows, transactions, schemaChanges } = this.#options.topics;
    return [
      ...rows.map(({ topic }) => topic),
      ...(transactions === null ? [] : [transactions]),
      ...(schemaChanges === null ? [] : [schemaChanges]),
    ];
  }

  #byTable(rows: readonly Rows[]): ReadonlyMap<string, Rows> {
    const { plan, topics } = this.#options;
    const byTopic = new Map(rows.map((one) => [one.topic, one]));
    return new Map(
      topics.rows.flatMap(({ topic, tables, markers }) => {
        const one = byTopic.get(topic);
        if (one === undefined) return [];
        const names = [
          ...tables.map((table) => `${plan.database}.${table}`),
          ...markers.map((lane) => `${markerDatabase}.${markerTableOf(lane)}`),
        ];
        return names.map((name): [string, Rows] => [name, one]);
      }),
    );
  }

  holds(later: Position, earlier: Position): boolean {
    return this.#options.book.holds(later, earlier);
  }

  async retention(position: Position): Promise<number | null> {
    for (const state of await this.#options.client.lanes(this.#names()))
      if (state.partitions > 0) startOf(state, [position]);
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.client[Symbol.asyncDispose]();
    await this.#options.witness[Symbol.asyncDispose]();
  }
}
