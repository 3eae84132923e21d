/**
 * Settings of somebody's own connector that are no choice among known ones: code that somebody else has written, or a filter
 * of whole transactions. Whatever stands there, it cannot be told what it makes of the changes.
 */
import type { Finding } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import { anew, connectorFinding } from "./connector-finding.js";

interface Plugin {
  readonly setting: string;
  /** Debezium's own. */
  readonly known?: RegExp;
  /** Completes "The connector has SETTING=VALUE, ". */
  readonly why: string;
}

const anything = "which can write anything anywhere.";
const servers = "which leaves out what some servers wrote, and tells of it by no count.";

const plugins: readonly Plugin[] = [
  {
    setting: "topic.naming.strategy",
    known: /\b(?:Default|Schema)TopicNamingStrategy$/u,
    why: anything,
  },
  { setting: "converters", why: anything },
  {
    setting: "post.processors",
    why: "which changes rows on their way: one that reads columns anew has what the source has later.",
  },
  {
    setting: "transaction.metadata.factory",
    known: /\bDefaultTransactionMetadataFactory$/u,
    why: "which tells of transactions in its own way: by Debezium's counts what it leaves out is known.",
  },
  {
    setting: "sourceinfo.struct.maker",
    known: /\b(?:MySql|MariaDb)SourceInfoStructMaker$/u,
    why: "which tells in its own way where a change stands in the source's log.",
  },
  { setting: "gtid.source.includes", why: servers },
  { setting: "gtid.source.excludes", why: servers },
];

export function pluginFindings(config: ConnectorConfig): readonly Finding[] {
  return plugins.flatMap(({ setting, known, why }) => {
    const value = config[setting] ?? "";
    if (value === "" || known?.test(value) === true) return [];
    return [
      connectorFinding(
        "connector-setting",
        "error",
        `connector.${setting}`,
        `The connector has ${setting}=${value}, ${why}`,
        `Take ${setting} out, ${anew}`,
      ),
    ];
  });
}
