/**
 * Where each topic's reading begins: at the last record that the lowest of the positions has taken, so that this record
 * can prove that the topic is still the same; or, as long as nothing of it is taken, where it ended before the copy's first
 * marker was written, since nothing before that can be new. A topic that no position names is read from its first record on.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { TopicOffset } from "../../src/port.js";
import type { Proof } from "./assembly/proof.js";
import type { FeedTopics } from "./feed-options.js";
import type { TopicClient, TopicStart, TopicState } from "./topic.js";

export interface Start extends TopicStart {
  /** null where the first row may be new. */
  readonly proof: Proof | null;
  /** Records that were not taken may be gone: the topic begins behind the last one that was. */
  readonly trimmed: boolean;
}

export function namesOf({ rows, transactions, schemaChanges }: FeedTopics): readonly string[] {
  return [
    ...rows.map(({ topic }) => topic),
    transactions,
    ...(schemaChanges === null ? [] : [schemaChanges]),
  ];
}

/**
 * Where the topics end now, as positions that are noted from now on have it. What lies in them already is of before: of a
 * rehearsal on a clone, of a source that was restored since, of a server that has lost its end in a failover.
 */
export async function beginnings(
  client: Pick<TopicClient, "lanes">,
  topics: FeedTopics,
): Promise<readonly TopicOffset[]> {
  const states = await client.lanes(namesOf(topics));
  return states.map(({ topic, high }) => ({ topic, offset: String(high), begins: true }));
}

/** What all of the positions have of the topic, told by the lowest; null where one of them does not name it. */
export function notedOf(topic: string, from: readonly Position[]): TopicOffset | null {
  const all = from.map(({ topics }) => topics?.find((one) => one.topic === topic));
  const named = all.flatMap((one) => one ?? []);
  // One position that does not name it may have taken nothing.
  if (named.length < all.length || named.length === 0) return null;
  return named.reduce((least, one) => (nextOf(one) < nextOf(least) ? one : least));
}

/** The offset that is to be read next. */
function nextOf({ offset, begins }: TopicOffset): bigint {
  return begins === true ? BigInt(offset) : BigInt(offset) + 1n;
}

/** `whole`: it is the topic of transactions, by which what is missing elsewhere is known. Fault topic-gap where a topic ends before what was applied of it. */
export function startOf(state: TopicState, from: readonly Position[], whole = false): Start {
  const { topic, low, high } = state;
  const noted = notedOf(topic, from);
  if (noted === null)
    return { topic, offset: low, trimmed: low > 0n, proof: low === 0n ? null : behindAll(low) };
  const offset = BigInt(noted.offset);
  if (noted.begins === true) {
    if (offset > high)
      throw endsBefore(state, `the copy began when it ended at ${noted.offset}`, anotherPrefix);
    if (offset < low) return { topic, offset: low, trimmed: true, proof: behindAll(low) };
    return { topic, offset, trimmed: false, proof: null };
  }
  if (offset >= high) throw endsBefore(state, `its record ${noted.offset} was applied already`);
  // Of rows that were trimmed counts and numbers tell whether they were applied. Nothing tells of counts.
  if (offset < low)
    return { topic, offset: low, trimmed: true, proof: whole && offset + 1n < low ? behindAll(low) : null };
  return {
    topic,
    offset,
    trimmed: false,
    proof: {
      offset,
      why: (at) =>
        `has ${at} where its record ${String(offset)}, which is applied already, stood: it was deleted and made again.`,
    },
  };
}

/** The first row that is left must be met already. */
function behindAll(low: bigint): Proof {
  return {
    offset: null,
    why: (at) =>
      `begins with ${at} at offset ${String(low)}, which is past what is applied: Kafka has deleted what comes before it.`,
  };
}

const anotherPrefix = {
  next: "Name another feed.kafka.prefix, or set feed.kind: binlog, then headgate run.",
};

function endsBefore(
  { topic, high }: TopicState,
  what: string,
  advice: { readonly next?: string } = {},
): Fault {
  return new Fault(
    "topic-gap",
    `The topic ${topic} ends at offset ${String(high)}, and ${what}: it was deleted and made again.`,
    { ...advice, facts: { topic, high: String(high) } },
  );
}
