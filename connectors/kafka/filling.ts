/**
 * Who fills the topics of a migration, and which topics these are: the connector that Headgate makes for itself, or one
 * that somebody else has registered with the same prefix. Without Kafka Connect nobody can tell how a connector is set, so
 * that only topics of the generated configuration are taken then.
 */
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";
import type { Connect, ConnectorConfig } from "./connect.js";
import { connectorFindings } from "./connector-check.js";
import type { CheckedPlan } from "./connector-check.js";
import { generatedTopics } from "./connector-config.js";
import { eventSettings, existingTopics, tellsTransactions } from "./connector-settings.js";
import { generatedSettings } from "./event-settings.js";
import type { EventSettings } from "./event-settings.js";
import type { FeedTopics } from "./feed-options.js";
import { connectorName } from "./generated.js";

export interface Filling {
  /** As Connect knows the connector; it may be that it is still to be registered. */
  readonly name: string;
  /** The configuration of somebody else's connector; null where it is our own. */
  readonly theirs: ConnectorConfig | null;
  readonly topics: FeedTopics;
  readonly settings: EventSettings;
}

/** Faults: topic-refused where it cannot be told which topics have what, and those of Connect. */
export async function fillingOf(plan: Plan, prefix: string, connect: Connect | null): Promise<Filling> {
  const name = connectorName(plan);
  const other = connect === null ? null : await otherConnector(connect, prefix, name);
  if (other === null)
    return { name, theirs: null, topics: generatedTopics({ ...plan, prefix }), settings: generatedSettings };
  if (!tellsTransactions(other.config))
    throw new Fault(
      "topic-refused",
      `The connector ${other.name} has provide.transaction.metadata=false: what Debezium leaves out without a word leaves no trace but the counts in the topic of transactions.`,
      {
        next: `Set "provide.transaction.metadata": "true" by PUT /connectors/${other.name}/config, then headgate run`,
      },
    );
  const topics = existingTopics(other.config, plan);
  const settings = eventSettings(other.config, generatedSettings.zeroDates);
  if (topics === null || settings === null)
    throw new Fault(
      "topic-refused",
      `The connector ${other.name} is set in a way by which it cannot be told what its topics have.`,
      { next: "headgate check" },
    );
  return { name: other.name, theirs: other.config, topics, settings };
}

/** Fault topic-refused where `check` has an error against somebody's connector: it may have been changed since that looked. */
export function demandFit(name: string, config: ConnectorConfig, plan: CheckedPlan): void {
  const [error] = connectorFindings(config, plan).filter(({ severity }) => severity === "error");
  if (error === undefined) return;
  throw new Fault("topic-refused", `${error.sentence} It is the connector ${name}.`, {
    next: error.fix,
    facts: { connector: name, object: error.object },
  });
}

/** The connector of somebody else that fills topics of this prefix; null where there is none. Fault topic-refused where two do. */
export async function otherConnector(
  connect: Connect,
  prefix: string,
  own: string,
): Promise<{ readonly name: string; readonly config: ConnectorConfig } | null> {
  const found: { readonly name: string; readonly config: ConnectorConfig }[] = [];
  for (const name of await connect.names()) {
    const config = await connect.config(name);
    if (config?.["topic.prefix"] === prefix) found.push({ name, config });
  }
  const other = found.find(({ name }) => name !== own);
  if (other === undefined) return null;
  if (found.length > 1)
    throw new Fault(
      "topic-refused",
      `${String(found.length)} connectors fill the same topics (topic.prefix ${prefix}): ${found.map(({ name }) => name).join(", ")}.`,
      { next: "Remove all but one of them, or name another feed.kafka.prefix." },
    );
  return other;
}
