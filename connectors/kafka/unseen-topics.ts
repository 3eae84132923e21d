/**
 * Topics that the brokers do not list: not there, or not for us to see. Kafka leaves out what a user may not describe as
 * if it were not there, and a reader that believes that waits for ever. How a topic is configured may be asked of one
 * that is not there, and nobody makes it by asking.
 */
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import { Fault } from "../../src/errors.js";
import { kafkaErrorTypes, topicRights } from "./kafka-fault.js";

/** Fault grant-missing where one of them is there, or where it may not be asked whether it is. */
export async function demandMissing(admin: Admin, topics: readonly string[]): Promise<void> {
  await Promise.all(
    topics.map(async (topic) => {
      const configured = await unlessForbidden(topic, "is configured", () =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: [
            { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ["cleanup.policy"] },
          ],
        }),
      );
      // It may have been made meanwhile.
      if (configured)
        await unlessForbidden(topic, "stands", () => admin.fetchTopicMetadata({ topics: [topic] }));
    }),
  );
}

/** Whether there is such a topic. */
async function unlessForbidden(topic: string, how: string, look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    const types = kafkaErrorTypes(error);
    if (types.includes("UNKNOWN_TOPIC_OR_PARTITION")) return false;
    if (!types.includes("TOPIC_AUTHORIZATION_FAILED")) throw error;
    throw new Fault("grant-missing", `Kafka's ACLs do not let us see how the topic ${topic} ${how}.`, {
      next: topicRights,
      cause: error,
    });
  }
}
