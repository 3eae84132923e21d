/**
 * What speaks against a topic that somebody else made: more than one partition, and the order of changes is lost; a
 * compacted one, and changes themselves; a retention, and they are gone while the copy runs. Pure; how the topics are
 * configured is asked by whoever has a client.
 */
import type { Finding, Severity } from "../../src/model.js";
import type { FeedTopics } from "./feed-options.js";

/** How a topic is configured. */
export interface TopicFacts {
  readonly topic: string;
  /** 0 where there is no such topic. */
  readonly partitions: number;
  readonly cleanupPolicy: string;
  /** Milliseconds and bytes; -1 is for good. */
  readonly retentionMs: number;
  readonly retentionBytes: number;
}

/** `generated`: a topic that is missing will be made by the connector. */
export function topicFindings(
  topics: FeedTopics,
  facts: readonly TopicFacts[],
  generated: boolean,
): readonly Finding[] {
  const all = [...topics.rows.map(({ topic }) => topic), topics.transactions, topics.schemaChanges];
  // Its first change makes a table's own topic, and is waited for then.
  const mayCome = new Set(topics.rows.flatMap(({ topic, markers }) => (markers.length === 0 ? [topic] : [])));
  return facts.flatMap((one) =>
    all.includes(one.topic) ? findingsOf(one, generated, mayCome.has(one.topic)) : [],
  );
}

function findingsOf(
  { topic, partitions, cleanupPolicy, retentionMs, retentionBytes }: TopicFacts,
  generated: boolean,
  mayCome: boolean,
): readonly Finding[] {
  if (partitions === 0)
    return generated
      ? []
      : [
          finding(
            "topic-missing",
            mayCome ? "warning" : "error",
            topic,
            mayCome
              ? `There is no topic ${topic} yet; the table's first change makes it, with as many partitions as the brokers give.`
              : `There is no topic ${topic}.`,
            "Create it with one partition, or start the connector that fills it.",
          ),
        ];
  const found: Finding[] = [];
  if (partitions > 1)
    found.push(
      finding(
        "topic-order",
        "error",
        topic,
        `The topic ${topic} has ${partitions} partitions; changes of different keys have lost their order in it, and foreign keys, unique values and transactions hang on that.`,
        "Use a topic of one partition: another topic.prefix with topic.creation.default.partitions=1.",
      ),
    );
  if (cleanupPolicy.includes("compact"))
    found.push(
      finding(
        "topic-order",
        "error",
        topic,
        `The topic ${topic} is compacted: Kafka throws changes of a key away when a later one is there.`,
        "Use a topic with cleanup.policy=delete.",
      ),
    );
  if (retentionMs >= 0 || retentionBytes >= 0)
    found.push(
      finding(
        "topic-retention",
        "warning",
        topic,
        `The topic ${topic} keeps its records for ${keeps(retentionMs, retentionBytes)} only; what is gone before it is applied can't be made up for.`,
        "Set retention.ms=-1 and retention.bytes=-1 for as long as the migration takes.",
      ),
    );
  return found;
}

function keeps(ms: number, bytes: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const parts = [
    ...(ms < 0 ? [] : [hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`]),
    ...(bytes < 0 ? [] : [`${Math.floor(bytes / 1_048_576)} MB`]),
  ];
  return parts.join(" or ");
}

function finding(code: string, severity: Severity, object: string, sentence: string, fix: string): Finding {
  return { code, severity, object, sentence, fix, count: 1, sampleKeys: [] };
}
