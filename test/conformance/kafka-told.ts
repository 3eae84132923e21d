/**
 * What a feed over real topics hands over, until a marker that is committed now comes: for tests that hold it against the
 * source's log, or break what it reads. The feed is of a generated connector's topics.
 */
import { setTimeout as pause } from "node:timers/promises";
import { generatedSettings } from "../../connectors/kafka/event-settings.js";
import { openKafkaFeed } from "../../connectors/kafka/feed.js";
import { openKafkaClient } from "../../connectors/kafka/kafka-client.js";
import { recordReader } from "../../connectors/kafka/record-reader.js";
import { writtenForm } from "../../connectors/kafka/written-form.js";
import { schemaFetcher } from "../../connectors/kafka/registry.js";
import { rereadOf } from "../../connectors/kafka/reread.js";
import { Fault } from "../../src/errors.js";
import type { Plan, Position, SourceEngine } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import type { Debezium } from "../world/debezium.js";
import { Recorder } from "./feed-recorder.js";

/** Remembers everything, and tells when the marker with which a test ends has come. */
export class UntilMarker extends Recorder {
  readonly met = new AbortController();
  readonly #note: string;
  #seen = false;

  constructor(note: string, tell?: Recorder["tell"]) {
    super(tell);
    this.#note = note;
  }

  override marker(lane: string, id: string, note: string): void {
    if (note === this.#note) this.#seen = true;
    // Ends of others, and those that show that the connector is at work, are nobody's.
    else if (!/^(?:debezium|end )/u.test(note)) super.marker(lane, id, note);
  }

  override commit(position: () => Position): void {
    super.commit(position);
    if (this.#seen) this.met.abort(new Fault("interrupted", "It came."));
  }
}

let turn = 0;

/** Everything that the feed hands over up to a marker that is committed now. */
export async function told(
  source: Pick<Source, "mark">,
  feed: ChangeFeed,
  from: Position,
  tell?: Recorder["tell"],
): Promise<UntilMarker> {
  const note = `end ${String(++turn)}`;
  await source.mark("main", note);
  const sink = new UntilMarker(note, tell);
  const late = AbortSignal.timeout(60_000);
  try {
    await feed.read([from], sink, { untilEnd: false, signal: AbortSignal.any([sink.met.signal, late]) });
  } catch (error) {
    if (late.aborted) throw new Error(`the marker "${note}" did not come`);
    if (!sink.met.signal.aborted) throw error;
  }
  return sink;
}

export interface FeedOverKafka {
  readonly source: Source;
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly connector: Debezium;
}

export async function feedOverKafka({ source, plan, engine, connector }: FeedOverKafka): Promise<ChangeFeed> {
  const { registry } = connector;
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    await Promise.allSettled([pause(ms, undefined, { signal })]);
  };
  return openKafkaFeed({
    plan,
    engine,
    topics: connector.topics,
    client: openKafkaClient({
      endpoint: {
        brokers: connector.brokers,
        encrypted: false,
        ca: null,
        sasl: null,
        connect: null,
        registry,
        format: registry === null ? "json" : "avro",
        prefix: connector.name,
      },
      migration: "kafka_feed",
      token: String(++turn),
      now: Date.now,
      wait,
    }),
    records: recordReader({
      engine,
      settings: generatedSettings,
      fetchSchema:
        registry === null
          ? null
          : schemaFetcher({ url: registry, name: "the schema registry" }, new AbortController().signal),
    }),
    form: writtenForm(generatedSettings, plan.tables),
    ...(await source.secondHand(plan)),
    reread: rereadOf({ source, lane: "main", wait }),
    now: Date.now,
  });
}
