/**
 * Where each topic's reading begins: at the last record that the lowest of the positions has taken, so that this record
 * can prove that the topic is still the same. A topic that no position names is read from its first record on.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { Proof } from "./assembly/rows.js";
import type { TopicStart, TopicState } from "./topic.js";

export interface Start extends TopicStart {
  /** null where the first row may be new. */
  readonly proof: Proof | null;
  /** Records that were not taken may be gone: the topic begins behind the last one that was. */
  readonly trimmed: boolean;
}

/** Fault topic-gap where a topic ends before what was applied of it. */
export function startOf({ topic, low, high }: TopicState, from: readonly Position[]): Start {
  const offsets = from.map(({ topics }) => topics?.find((one) => one.topic === topic)?.offset);
  const known = offsets.flatMap((offset) => (offset === undefined ? [] : [BigInt(offset)]));
  // One position that does not name it may have taken nothing.
  if (known.length < offsets.length || known.length === 0)
    return {
      topic,
      offset: low,
      trimmed: low > 0n,
      proof:
        low === 0n
          ? null
          : {
              offset: null,
              why: (at) =>
                `begins with ${at} at offset ${String(low)}, which is past what is applied: Kafka has deleted what comes before it.`,
            },
    };
  const offset = known.reduce((least, one) => (one < least ? one : least));
  if (offset >= high)
    throw new Fault(
      "topic-gap",
      `The topic ${topic} ends at offset ${String(high)}, and its record ${String(offset)} was applied already: it was deleted and made again.`,
      { facts: { topic, offset: String(offset), high: String(high) } },
    );
  // What was trimmed was applied, as far as counts and numbers tell.
  if (offset < low) return { topic, offset: low, proof: null, trimmed: true };
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
