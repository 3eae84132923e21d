/**
 * How far each topic is taken, as positions note it. Of a topic that nothing was taken of so far stays what was noted before:
 * without it the next reading would begin with the topic's first record, which may be of another copy.
 */
import type { Position } from "../../src/model.js";
import type { TopicOffset } from "../../src/port.js";
import { notedOf } from "./starts.js";
import type { TopicStart } from "./topic.js";

export interface ProgressParts {
  readonly names: readonly string[];
  /** Where this reading of them began. */
  readonly from: readonly Position[];
  readonly starts: readonly TopicStart[];
  /** Offset of the last record that nobody needs any more; null before the first. */
  readonly taken: (topic: string) => bigint | null;
}

export function progressOf({ names, from, starts, taken }: ProgressParts): () => readonly TopicOffset[] {
  const topics = names.map((topic) => ({
    topic,
    first: starts.find((start) => start.topic === topic)?.offset ?? 0n,
    noted: notedOf(topic, from),
  }));
  return () =>
    topics.flatMap(({ topic, first, noted }) => {
      const last = taken(topic);
      if (last !== null && last >= first) return [{ topic, offset: String(last) }];
      return noted === null ? [] : [noted];
    });
}
