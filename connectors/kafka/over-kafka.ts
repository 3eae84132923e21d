/**
 * A source whose changes come over Kafka: what is asked of its feed is answered here, all else by the source itself. The
 * connector is registered where it is our own, and proven by a marker of each lane, before a position is noted; while its
 * topics are read it is tended. Nothing is opened before somebody asks for it.
 */
import { Fault } from "../../src/errors.js";
import type { Plan, SourceEngine } from "../../src/model.js";
import type { KafkaEndpoint, Source } from "../../src/port.js";
import { eitherOf } from "../../src/stop.js";
import type { ChangeFeed, FeedOptions } from "../../src/stream-port.js";
import { openConnect } from "./connect.js";
import type { Connect, ConnectorConfig } from "./connect.js";
import { alteredFault, driftWatch } from "./connector-drift.js";
import { connectorFault, healthOf, untilCommitted } from "./connector-watch.js";
import { openKafkaFeed } from "./feed.js";
import { feedFindings } from "./feed-findings.js";
import { FeedTally } from "./feed-tally.js";
import { demandFit, fillingOf } from "./filling.js";
import { untilFlowing } from "./flowing.js";
import { plainConfig, wantedConfig } from "./generated.js";
import type { GeneratedOptions } from "./generated.js";
import { configuredTopics, openKafkaClient } from "./kafka-client.js";
import { recordReader } from "./record-reader.js";
import { schemaFetcher } from "./registry.js";
import { register } from "./registering.js";
import { rereadOf } from "./reread.js";
import { demandSameLog, unlessTakenOver, watchLog } from "./same-log.js";
import type { FetchSchema } from "./schema-book.js";
import { beginnings } from "./starts.js";
import { demandUnchanged, tend } from "./tending.js";
import { connectTraces, endConnector } from "./traces.js";
import type { TopicClient } from "./topic.js";
import { writtenForm } from "./written-form.js";
import { settingsOf } from "./zero-dates.js";

export interface OverKafkaOptions extends Omit<GeneratedOptions, "plan" | "engine"> {
  readonly source: Source;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** For so long no marker need come: a connector that begins reads the shapes of all tables first. */
const patienceMs = 120_000;

export type FeedOfSource = Pick<Source, "feed" | "prepareFeed" | "feedFindings" | "feedTraces" | "endFeed">;

export function overKafka(options: OverKafkaOptions): FeedOfSource {
  const { source, endpoint, now, wait } = options;
  return {
    feed: (plan) => openFeed(options, plan),
    async prepareFeed(plan, signal) {
      const connect = connectOf(endpoint, signal);
      const mark = (lane: string, note: string): Promise<string> => source.mark(lane, note);
      const { name, theirs, topics } = await fillingOf(plan, endpoint.prefix, connect);
      await using client = await clientOf(options, plan);
      // Brokers that refuse us are told of before a connector is registered that they refuse as well.
      await client.lanes(topics.rows.map(({ topic }) => topic));
      if (connect !== null && theirs === null) {
        const engine = await engineOf(source);
        const wanted = await wantedConfig({ ...options, plan, engine }, connect, mark);
        await register(name, wanted, {
          connect,
          signal,
          wait,
          altered: (there) => alteredFault(name, there, wanted, { ...plan, engine }),
        });
      }
      const tools = {
        ...{ client, mark, token: () => source.token(), now, wait },
        ...(connect === null ? {} : { demandHealth: () => demandHealth(name, connect, theirs === null) }),
      };
      // Before the first marker, and so before any position that is noted: what has come by now is held by all of them.
      const begins = await beginnings(client, topics);
      await untilFlowing(topics.rows, tools, signal, patienceMs);
      if (connect !== null) await untilCommitted(name, { connect, signal, wait }, theirs === null);
      return begins;
    },
    feedFindings: (plan, signal) =>
      feedFindings(options, plan, connectOf(endpoint, signal), (topics) =>
        configuredTopics({ endpoint, migration: plan.migration }, topics),
      ),
    feedTraces: async (plan, signal) =>
      connectTraces({ ...options, plan, engine: await engineOf(source) }, connectOf(endpoint, signal)),
    async endFeed(plan, signal) {
      const generated = { ...options, plan, engine: await engineOf(source) };
      await endConnector(generated, connectOf(endpoint, signal), { signal, wait });
    },
  };
}

async function demandHealth(name: string, connect: Connect, ours: boolean): Promise<void> {
  const fault = connectorFault(name, healthOf(await connect.status(name)), ours);
  if (fault !== null) throw fault;
}

async function engineOf(source: Source): Promise<SourceEngine> {
  const { engine } = await source.facts();
  if (engine === "postgres")
    throw new Fault("bug", "The source of a Debezium connector for MySQL is PostgreSQL.");
  return engine;
}

function connectOf({ connect, ca }: KafkaEndpoint, signal: AbortSignal): Connect | null {
  if (connect === null) return null;
  return openConnect({ server: { url: connect, ...(ca === null ? {} : { ca }) }, signal });
}

async function clientOf(
  { source, endpoint, now, wait }: OverKafkaOptions,
  { migration }: Plan,
): Promise<TopicClient> {
  const rest = async (ms: number, signal: AbortSignal): Promise<void> =>
    wait(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  return openKafkaClient({ endpoint, migration, token: await source.token(), now, wait: rest });
}

function schemasOf({ registry, ca }: KafkaEndpoint, signal: AbortSignal): FetchSchema | null {
  if (registry === null) return null;
  return schemaFetcher(
    { url: registry, name: "the schema registry", ...(ca === null ? {} : { ca }) },
    signal,
  );
}

/** What is opened when somebody reads, or asks how long the topics are kept. */
interface Opened {
  readonly feed: ChangeFeed;
  readonly connector: {
    readonly name: string;
    readonly ours: boolean;
    /** As `TendTools.changed`. */
    readonly changed: (config: ConnectorConfig) => Fault | null;
  };
}

async function openFeed(options: OverKafkaOptions, plan: Plan): Promise<ChangeFeed> {
  const { source, endpoint, now, wait } = options;
  const [lane = ""] = plan.lanes;
  const { book, executed, witness } = await source.secondHand(plan);
  const reread = rereadOf({ source, lane, wait });
  const life = new AbortController();
  const tally = new FeedTally();
  let opening: Promise<Opened> | null = null;
  const open = async (): Promise<Opened> => {
    const connect = connectOf(endpoint, life.signal);
    const { name, theirs, topics, settings } = await fillingOf(plan, endpoint.prefix, connect);
    const engine = await engineOf(source);
    const checked = { ...plan, engine };
    if (theirs !== null) demandFit(name, theirs, checked);
    // Our own is read as it was made to be, whatever it has become since.
    const read = theirs ?? plainConfig({ ...options, plan, engine });
    const facts = await source.facts();
    const feed = openKafkaFeed({
      plan,
      engine,
      now,
      // The shortest wait there is: timers come after what was received.
      turn: () => wait(0, life.signal),
      topics,
      lowerCaseNames: (facts.settings["lower_case_table_names"] ?? "0") !== "0",
      client: await clientOf(options, plan),
      records: recordReader({
        engine,
        settings,
        settingsOf: settingsOf(settings, facts),
        // Each topic may wait for a schema at the same time.
        fetchSchema: schemasOf(endpoint, eitherOf(life.signal)),
      }),
      form: writtenForm(settings, plan.tables),
      book,
      executed,
      witness,
      reread,
      onCount: (count) => {
        tally.add(count);
      },
    });
    return { feed, connector: { name, ours: theirs === null, changed: driftWatch(name, read, checked) } };
  };
  const opened = async (): Promise<Opened> => {
    opening ??= open();
    try {
      return await opening;
    } catch (error) {
      // Whoever asks next tries it again.
      opening = null;
      throw error;
    }
  };
  return {
    async read(from, sink, how) {
      const { feed, connector } = await opened();
      const log = { source, book, wait };
      const here = await demandSameLog({ ...log, signal: how.signal }, from);
      const { identity } = await source.facts();
      try {
        await watched(
          how,
          [
            (signal) => watchLog({ ...log, signal }, identity, here),
            ...(await tending(options, connector, how.signal)),
          ],
          (own) => feed.read(from, sink, own),
        );
      } catch (error) {
        throw await unlessTakenOver(error, identity, source);
      }
    },
    holds: (later, earlier) => book.holds(later, earlier),
    counts: () => tally.counts(),
    // I17: what a connector has not committed it may send anew, or not at all; only Connect tells how far it has.
    blocking: () => (endpoint.connect === null ? ["connector-unseen"] : []),
    async retention(position) {
      const { feed } = await opened();
      return await feed.retention(position);
    },
    async [Symbol.asyncDispose]() {
      life.abort(new Fault("interrupted", "The feed is closed."));
      // What could not be opened was told to whoever asked for it.
      const last = await opening?.catch(() => null);
      // A feed that was opened takes its witness along.
      await (last?.feed ?? witness)[Symbol.asyncDispose]();
      await reread[Symbol.asyncDispose]();
    },
  };
}

type Watch = (signal: AbortSignal) => Promise<never>;

/** Has the connector tended where Connect can be asked. Faults of a first look. */
async function tending(
  { endpoint, now, wait }: OverKafkaOptions,
  { name, ours, changed }: Opened["connector"],
  signal: AbortSignal,
): Promise<readonly Watch[]> {
  const first = connectOf(endpoint, signal);
  if (first === null) return [];
  await demandUnchanged(name, { connect: first, changed });
  return [
    async (stop) => {
      const connect = connectOf(endpoint, stop) ?? first;
      return await tend(name, { connect, signal: stop, wait, now, ours, changed });
    },
  ];
}

/** Reads, and has others look on for as long: what one of them has failed of ends the reading. */
async function watched(
  how: FeedOptions,
  watches: readonly Watch[],
  read: (how: FeedOptions) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const signal = eitherOf(how.signal, ended.signal);
  const watching = watches.map((watch) =>
    watch(signal).catch((error: unknown) => {
      // Whoever reads is told of it. What comes after the end of the reading is the end's own doing.
      ended.abort(error);
    }),
  );
  try {
    await read({ ...how, signal });
  } finally {
    ended.abort(new Fault("interrupted", "The topics are not read any more."));
    await Promise.all(watching);
  }
}
