/**
 * Whether a connector is still set as its topics are read. What the check of a configuration looks at must not change
 * beside it: what is written in another form, to another place or not at all would be misread or missed. All else may:
 * tuning, logins, heartbeats.
 */
import { Fault } from "../../src/errors.js";
import type { Finding } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import { connectorFindings } from "./connector-check.js";
import type { CheckedPlan } from "./connector-check.js";
import { eventSettings, existingTopics, isJson, routeOf } from "./connector-settings.js";
import { laneTopic, tableTopic } from "./topic-names.js";
import { writtenForm } from "./written-form.js";

export interface Drift {
  /** Those that matter, and those alone where each does so by itself. */
  readonly settings: readonly string[];
  /** "decimal.handling.mode is double and was string", and why that matters where the check says so. */
  readonly sentence: string;
}

/** null where nothing that matters differs. */
export function driftOf(read: ConnectorConfig, now: ConnectorConfig, plan: CheckedPlan): Drift | null {
  const [first] = newFindings(read, now, plan);
  if (first === undefined && formOf(read, plan) === formOf(now, plan)) return null;
  const differing = [...new Set([...Object.keys(read), ...Object.keys(now)])].filter(
    (name) => name !== "name" && read[name] !== now[name],
  );
  const matters = (config: ConnectorConfig): boolean =>
    newFindings(read, config, plan).length > 0 || formOf(read, plan) !== formOf(config, plan);
  const alone = differing.filter((name) => matters(changed(read, name, now[name])));
  const settings = alone.length > 0 ? alone : differing;
  const told = settings.map((name) =>
    alone.length > 0 ? `${name} is ${valueOf(now[name])} and was ${valueOf(read[name])}` : name,
  );
  const list = alone.length > 0 ? `${told.join("; ")}.` : `${told.join(", ")} are not what they were.`;
  return { settings, sentence: first === undefined ? list : `${list} ${first.sentence}` };
}

/** Tells of a configuration as Connect has it now; null where the topics can be read on. What was found harmless is not looked at again. */
export function driftWatch(
  name: string,
  read: ConnectorConfig,
  plan: CheckedPlan,
): (now: ConnectorConfig) => Fault | null {
  let harmless = "";
  return (now) => {
    const text = JSON.stringify(now);
    if (text === harmless) return null;
    const drift = driftOf(read, now, plan);
    if (drift !== null) return driftFault(name, drift, "is not set as its topics are read");
    harmless = text;
    return null;
  };
}

/**
 * What somebody has changed of our own connector: put right without a word, it would leave in the topics what it has
 * written meanwhile. null where it may be given its new configuration: another plan, another format, other topics.
 */
export function alteredFault(
  name: string,
  there: ConnectorConfig,
  wanted: ConnectorConfig,
  plan: CheckedPlan,
): Fault | null {
  const prefix = wanted["topic.prefix"] ?? "";
  if (there["topic.prefix"] !== prefix) return null;
  // The routers name the tables that it was made for; others the plan has taken in since.
  const tables = plan.tables.filter(
    ({ source, lane }) =>
      routeOf(there, tableTopic(prefix, plan.database, source)) === laneTopic(prefix, lane),
  );
  const own = isJson(there) === isJson(wanted) ? there : withConverters(there, wanted);
  const drift = driftOf(wanted, own, { ...plan, tables });
  return drift === null ? null : driftFault(name, drift, "was changed since Headgate registered it");
}

/** `how`: completes "The connector NAME ... :". */
export function driftFault(name: string, { settings, sentence }: Drift, how: string): Fault {
  return new Fault("topic-refused", `The connector ${name} ${how}: ${sentence}`, {
    next: `Set feed.kind: binlog, headgate run until the target is level, and headgate verify: what came between the change and this stop may be applied. Then set ${settings.join(", ")} back (PUT /connectors/${name}/config), feed.kind: kafka, and headgate run.`,
    facts: { connector: name, settings: settings.join(" ") },
  });
}

function newFindings(read: ConnectorConfig, now: ConnectorConfig, plan: CheckedPlan): readonly Finding[] {
  const textOf = ({ object, sentence }: Finding): string => `${object} ${sentence}`;
  const known = new Set(connectorFindings(read, plan).map(textOf));
  return connectorFindings(now, plan).filter((one) => !known.has(textOf(one)));
}

/** In what form values come, and where. */
function formOf(config: ConnectorConfig, plan: CheckedPlan): string {
  const settings = eventSettings(config, true);
  const form = settings === null ? null : writtenForm(settings, plan.tables);
  return JSON.stringify([form, existingTopics(config, plan)]);
}

function changed(config: ConnectorConfig, name: string, value: string | undefined): ConnectorConfig {
  const others = Object.entries(config).filter(([key]) => key !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
}

/** Records tell themselves whether they are JSON or Avro. */
function withConverters(config: ConnectorConfig, other: ConnectorConfig): ConnectorConfig {
  const isConverter = ([name]: readonly [string, string]): boolean =>
    /^(?:key|value)\.converter\b/u.test(name);
  return Object.fromEntries([
    ...Object.entries(config).filter((one) => !isConverter(one)),
    ...Object.entries(other).filter(isConverter),
  ]);
}

/** A list of tables can be of any length. */
function valueOf(value: string | undefined): string {
  if (value === undefined) return "not set";
  return value.length > 200 ? `${value.slice(0, 200)}...` : value;
}
