/**
 * Debezium's topics as a ChangeFeed. Each read joins them anew from the ledger's positions, takes transactions in the order
 * in which the connector ended them, and hands them over as the binlog feed does. Nothing is remembered from one read to
 * the next; what Kafka believes to be consumed is asked by nobody.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import { throwIfStopped } from "../../src/stop.js";
import type { BookStanding, ChangeFeed, ChangeSink, FeedOptions } from "../../src/stream-port.js";
import { Absent } from "./assembly/absent.js";
import { Assembly } from "./assembly/assembly.js";
import { Doubts } from "./assembly/doubts.js";
import { Held } from "./assembly/held.js";
import { LastTaken } from "./assembly/last-taken.js";
import { Marks } from "./assembly/marks.js";
import { Rows } from "./assembly/rows.js";
import type { Proof } from "./assembly/proof.js";
import { Statements } from "./assembly/statements.js";
import { Strangers } from "./assembly/strangers.js";
import { markerNameOf, RowTargets } from "./assembly/targets.js";
import type { KafkaFeedOptions, RowTopic } from "./feed-options.js";
import { progressOf } from "./progress.js";
import { namesOf, startOf } from "./starts.js";
import type { Start } from "./starts.js";
import type { TopicReading, TopicState } from "./topic.js";
import { demandForm } from "./written-form.js";

/** A connector's producer gives a record up after two minutes. */
const patienceMs = 180_000;
/** How long one look waits for news. */
const lookMs = 500;

export function openKafkaFeed(options: KafkaFeedOptions): ChangeFeed {
  return new KafkaFeed(options);
}

/** One read of the topics. */
interface Session {
  readonly reading: TopicReading;
  readonly standing: BookStanding;
  readonly marks: Marks;
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
    const names = namesOf(this.#options.topics);
    // A first reading of these topics may come from another feed, and then the connector may have begun after it.
    if (from.some(({ topics = [] }) => topics.some(({ topic }) => names.includes(topic))))
      await this.#read(from, sink, options);
    else
      await this.#read(from, sink, options).catch((error: unknown) => {
        throw error instanceof Fault && error.code === "topic-gap" ? tooEarly(error) : error;
      });
  }

  async #read(from: readonly Position[], sink: ChangeSink, options: FeedOptions): Promise<void> {
    const { client, topics, form } = this.#options;
    const { signal, untilEnd } = options;
    throwIfStopped(signal);
    const names = namesOf(topics);
    // Of other topics nothing is read any more.
    demandForm(
      form,
      from.filter(({ topics: read = [] }) => read.some(({ topic }) => names.includes(topic))),
    );
    const ends = untilEnd ? await client.ends(names) : null;
    const session = await this.#open(from, sink, signal);
    await using reading = session.reading;
    await using held = session.held;
    const { marks, assembly, position, statements } = session;
    const end = ends?.get(topics.transactions);
    for (;;) {
      throwIfStopped(signal);
      const ended = marks.head;
      if (ended !== null) {
        await assembly.transaction(ended);
        marks.take();
        if (held.full) await held.settle();
        continue;
      }
      await held.flush();
      await statements?.pump();
      // What is here may wait for its schema.
      if (end !== undefined && marks.reached >= end && marks.waiting === null) return;
      held.idle(position);
      await held.settle();
      await (marks.waiting ?? reading.arrived(lookMs, signal));
    }
  }

  async #open(from: readonly Position[], sink: ChangeSink, signal: AbortSignal): Promise<Session> {
    const { plan, topics, client, records, book, witness, reread, engine, now } = this.#options;
    const onCount = this.#options.onCount ?? ((): undefined => undefined);
    const patience = this.#options.patienceMs ?? patienceMs;
    const standing = book.standing(from);
    const states = await client.lanes(namesOf(topics));
    const there = new Set(states.filter(({ partitions }) => partitions > 0).map(({ topic }) => topic));
    const made = topics.rows.filter((one) => there.has(one.topic) || !mayCome(one, from));
    // Connect makes a topic with its first record: of tables that were never changed there may be none.
    const wanted = new Set([...made.map(({ topic }) => topic), topics.transactions]);
    const starts = states
      .filter(({ topic }) => there.has(topic) || wanted.has(topic))
      .map((state) => this.#start(state, from));
    const reading = await client.read(starts, signal);
    const targets = new RowTargets(plan, this.#options.lowerCaseNames ?? false);
    const proofOf = (name: string): Proof | null => starts.find(({ topic }) => topic === name)?.proof ?? null;
    const last = new LastTaken();
    const rows = made.map(
      ({ topic }) =>
        new Rows({
          queue: reading.queue(topic),
          records,
          targets,
          standing,
          onCount,
          last,
          proof: proofOf(topic),
          trimmed: starts.find((start) => start.topic === topic)?.trimmed ?? false,
        }),
    );
    const marks = new Marks(
      reading.queue(topics.transactions),
      records,
      standing,
      proofOf(topics.transactions),
    );
    const statements =
      topics.schemaChanges === null || !there.has(topics.schemaChanges)
        ? null
        : new Statements(reading.queue(topics.schemaChanges), records, book, standing);
    const taken = new Map(rows.map((one) => [one.topic, one]));
    const offsets = progressOf({
      names: namesOf(topics),
      from,
      starts,
      taken(topic) {
        if (topic === topics.transactions) return marks.taken;
        return topic === topics.schemaChanges
          ? (statements?.taken ?? null)
          : (taken.get(topic)?.taken ?? null);
      },
    });
    const { form } = this.#options;
    const position = (): Position => ({ ...standing.position(), topics: offsets(), form });
    const held = new Held({
      sink,
      reread,
      engine,
      present: () => assembly.present(),
      signal,
      onCount,
      turn: this.#options.turn ?? ((): Promise<void> => Promise.resolve()),
    });
    const rest = (): Promise<void> => reading.arrived(lookMs, signal);
    const strangers = new Strangers({ executed: this.#options.executed, rest, now, patienceMs: patience });
    const parts = { plan, book, standing, strangers, held, rows, marks, position, signal, onCount };
    const doubts = new Doubts({ ...parts, witness, statements });
    const assembly: Assembly = new Assembly({
      ...parts,
      doubts,
      targets,
      records,
      reading,
      last,
      topics: new Map(
        rows.flatMap((one) => this.#tablesOf(one.topic).map((name) => [targets.key(name), one] as const)),
      ),
      absent: new Absent({
        topics: new Map(
          topics.rows
            .filter((one) => !made.includes(one))
            .flatMap(({ topic }) => this.#tablesOf(topic).map((name) => [targets.key(name), topic] as const)),
        ),
        isThere: async (topic) => (await client.lanes([topic])).some(({ partitions }) => partitions > 0),
        rest,
        now,
        patienceMs: patience,
      }),
      now,
      patienceMs: patience,
    });
    return { reading, standing, marks, statements, held, assembly, position };
  }

  #start(state: TopicState, from: readonly Position[]): Start {
    return startOf(state, from, state.topic === this.#options.topics.transactions);
  }

  /** Tables whose rows are in the topic, as a transaction's end names them. */
  #tablesOf(name: string): readonly string[] {
    const { plan, topics } = this.#options;
    return topics.rows
      .filter(({ topic }) => topic === name)
      .flatMap(({ tables, markers }) => [
        ...tables.map((table) => `${plan.database}.${table}`),
        ...markers.map((lane) => markerNameOf(lane)),
      ]);
  }

  holds(later: Position, earlier: Position): boolean {
    return this.#options.book.holds(later, earlier);
  }

  async retention(position: Position): Promise<number | null> {
    for (const state of await this.#options.client.lanes(namesOf(this.#options.topics)))
      if (state.partitions > 0) this.#start(state, [position]);
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.client[Symbol.asyncDispose]();
    await this.#options.witness[Symbol.asyncDispose]();
  }
}

/** Whether nothing is amiss when there is no such topic yet: its first row is told of by the end of its transaction. */
function mayCome({ topic, markers }: RowTopic, from: readonly Position[]): boolean {
  if (markers.length > 0) return false;
  const noted = from.flatMap(({ topics = [] }) => topics.filter((one) => one.topic === topic));
  return noted.every(({ begins, offset }) => begins === true && offset === "0");
}

/** Nothing of the topics was applied so far. */
function tooEarly(gap: Fault): Fault {
  return new Fault("topic-gap", gap.message, {
    next: "Set feed.kind: binlog, headgate run until the target is level, then feed.kind: kafka and headgate run: the connector goes on meanwhile, so that its topics begin before what is applied.",
    facts: gap.facts,
    cause: gap,
  });
}
