/**
 * What speaks against feeding a migration over Kafka, for `check`: the source, Kafka Connect and what it says of the
 * connector, somebody else's connector and topics. Nothing is registered or written.
 */
import type { Finding, Plan, ServerFacts } from "../../src/model.js";
import type { Source } from "../../src/port.js";
import { carriageFindings } from "./carriage.js";
import type { CarriageQuestion } from "./carriage.js";
import { generatedTopics, withoutSecrets } from "./connector-config.js";
import { connectorFinding } from "./connector-finding.js";
import type { Connect } from "./connect.js";
import { connectorFindings } from "./connector-check.js";
import { eventSettings, existingTopics, isJson } from "./connector-settings.js";
import { generatedSettings } from "./event-settings.js";
import { otherConnector } from "./filling.js";
import { connectorName, plainConfig } from "./generated.js";
import type { GeneratedOptions } from "./generated.js";
import type { FeedTopics } from "./feed-options.js";
import { sourceFindings } from "./source-findings.js";
import { topicFindings } from "./topic-check.js";
import type { TopicFacts } from "./topic-check.js";
import { markerDatabase, markerTableOf, tableTopic } from "./topic-names.js";
import { settingsOf } from "./zero-dates.js";

export interface FeedFindingOptions extends Omit<GeneratedOptions, "plan" | "engine"> {
  readonly source: Pick<Source, "facts">;
}

/** `connect` null: nobody to ask about connectors. `configured`: how topics are. */
export async function feedFindings(
  options: FeedFindingOptions,
  plan: Plan,
  connect: Connect | null,
  configured: (topics: readonly string[]) => Promise<readonly TopicFacts[]>,
): Promise<readonly Finding[]> {
  const facts = await options.source.facts();
  const { engine } = facts;
  if (engine === "postgres") return [];
  const other =
    connect === null ? null : await otherConnector(connect, options.endpoint.prefix, connectorName(plan));
  const own = [...sourceFindings(facts, plan)];
  if (other !== null) {
    const settings = eventSettings(other.config, generatedSettings.zeroDates);
    return [
      ...own,
      taken(other.name, options.endpoint.prefix),
      ...connectorFindings(other.config, { ...plan, engine }),
      ...(await aboutTopics(existingTopics(other.config, plan), configured, false)),
      ...(settings === null ? [] : carriage(facts, plan, { engine, settings, avro: !isJson(other.config) })),
    ];
  }
  const avro = options.endpoint.format === "avro";
  return [
    ...own,
    ...carriage(facts, plan, { engine, settings: generatedSettings, avro }),
    ...(await aboutTopics(generatedTopics({ ...plan, prefix: options.endpoint.prefix }), configured, true)),
    ...(connect === null
      ? [
          byHand({ ...options, plan, engine }),
          ...(await oneATable(options.endpoint.prefix, plan, configured)),
        ]
      : [
          ...(await toRegister(options.endpoint.prefix, plan, connect)),
          ...(await refusals({ ...options, plan, engine }, connect)),
        ]),
  ];
}

const ours = /^headgate-/u;

/** Whose connector it is that all other findings are about: a prefix that was mistyped may be another migration's. */
function taken(name: string, prefix: string): Finding {
  const another = ours.test(name);
  return connectorFinding(
    "connector-taken",
    another ? "warning" : "info",
    `connector.${name}`,
    another
      ? `Topics that begin with ${prefix} are filled by ${name}, the connector of another migration.`
      : `The connector ${name} fills the topics that begin with ${prefix}, and is taken as it is.`,
    another
      ? "Name a feed.kafka.prefix of this migration's own; change nothing of that connector."
      : "Where another one was meant, name its topic.prefix as feed.kafka.prefix.",
  );
}

/** A prefix that was mistyped is nobody's, and shows as a connector that nobody wanted. */
async function toRegister(prefix: string, plan: Plan, connect: Connect): Promise<readonly Finding[]> {
  const name = connectorName(plan);
  if ((await connect.config(name)) !== null) return [];
  return [
    connectorFinding(
      "connector-to-register",
      "info",
      `connector.${name}`,
      `No connector fills topics that begin with ${prefix}: headgate run registers ${name} for it.`,
      "Where a connector of yours is to be read, name its topic.prefix as feed.kafka.prefix.",
    ),
  ];
}

/** null: it can't be told which they are, and a finding about the connector says so. */
async function aboutTopics(
  topics: FeedTopics | null,
  configured: (topics: readonly string[]) => Promise<readonly TopicFacts[]>,
  generated: boolean,
): Promise<readonly Finding[]> {
  if (topics === null) return [];
  const { rows, transactions, schemaChanges } = topics;
  const all = [
    ...rows.map(({ topic }) => topic),
    transactions,
    ...(schemaChanges === null ? [] : [schemaChanges]),
  ];
  return topicFindings(topics, await configured(all), generated);
}

/** Each table by the settings that hold for it. */
function carriage(facts: ServerFacts, { tables }: Plan, question: CarriageQuestion): readonly Finding[] {
  const of = settingsOf(question.settings, facts);
  return tables.flatMap((table) => carriageFindings([table], { ...question, settings: of(table) }));
}

/** Somebody else registers it. */
function byHand(options: GeneratedOptions): Finding {
  const config = withoutSecrets(plainConfig(options));
  const name = connectorName(options.plan);
  return {
    code: "connector-by-hand",
    severity: "info",
    object: "feed.kafka.connect",
    sentence: `Kafka Connect is not named, so the connector ${name} is yours to register before headgate run, and there is no ready and no cutover: whether it has committed what it sent can be asked at Connect only.`,
    fix: `PUT /connectors/${name}/config ${JSON.stringify(config)}`,
    count: 1,
    sampleKeys: [],
  };
}

/** Topics of another connector's, one a table: whoever makes them sets what they carry, and Connect alone tells how. */
async function oneATable(
  prefix: string,
  { lanes }: Plan,
  configured: (topics: readonly string[]) => Promise<readonly TopicFacts[]>,
): Promise<readonly Finding[]> {
  const markers = lanes.map((lane) => tableTopic(prefix, markerDatabase, markerTableOf(lane)));
  const there = (await configured(markers)).filter(({ partitions }) => partitions > 0);
  return there.map(({ topic }) => ({
    code: "connect-not-named",
    severity: "error",
    object: topic,
    sentence: `The topic ${topic} shows a connector whose tables have a topic each; how it is set, and how far it has committed, can be asked at Kafka Connect only.`,
    fix: "Name feed.kafka.connect in headgate.yaml.",
    count: 1,
    sampleKeys: [],
  }));
}

/** What Connect itself has against the connector that would be registered. */
async function refusals(options: GeneratedOptions, connect: Connect): Promise<readonly Finding[]> {
  const config = plainConfig(options);
  const refused = await connect.validate({ ...config, name: connectorName(options.plan) });
  return refused.map(({ setting, why }) => ({
    code: "connector-refused",
    severity: "error",
    object: `connector.${setting}`,
    sentence: `Kafka Connect refuses the connector that would be registered: ${setting}: ${why}`,
    fix: "Mend what it names: a plugin that is not installed, an address that Connect cannot reach, a login.",
    count: 1,
    sampleKeys: [],
  }));
}
