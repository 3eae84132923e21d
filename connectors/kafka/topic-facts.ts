/** How topics are configured, asked of the brokers. */
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import type { TopicFacts } from "./topic-check.js";
import { demandMissing } from "./unseen-topics.js";

/** In the order of `topics`. The account needs Describe and DescribeConfigs on them: Fault grant-missing. */
export async function topicFacts(admin: Admin, topics: readonly string[]): Promise<readonly TopicFacts[]> {
  const there = new Set(await admin.listTopics());
  const known = topics.filter((topic) => there.has(topic));
  await demandMissing(
    admin,
    topics.filter((topic) => !there.has(topic)),
  );
  if (known.length === 0) return topics.map(missing);
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: known });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: known.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ["cleanup.policy", "retention.ms", "retention.bytes"],
    })),
  });
  return topics.map((topic) => {
    const partitions = metadata.find(({ name }) => name === topic)?.partitions.length ?? 0;
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    const value = (name: string): string =>
      entries.find(({ configName }) => configName === name)?.configValue ?? "";
    const number = (name: string): number => (value(name) === "" ? -1 : Number(value(name)));
    return {
      topic,
      partitions,
      cleanupPolicy: value("cleanup.policy"),
      retentionMs: number("retention.ms"),
      retentionBytes: number("retention.bytes"),
    };
  });
}

function missing(topic: string): TopicFacts {
  return { topic, partitions: 0, cleanupPolicy: "", retentionMs: -1, retentionBytes: -1 };
}
