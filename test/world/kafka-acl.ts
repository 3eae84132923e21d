/**
 * Kafka's ACLs as docs/kafka.md lists them for whoever grants them, and how a test grants them: what the page says is
 * what is tried, each operation by itself.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import kafkajs from "kafkajs";
import type { AclEntry, Admin } from "kafkajs";

/** One operation of one row of the page. */
export interface Rule {
  readonly resource: "Topic" | "Group" | "TransactionalId";
  readonly name: string;
  readonly prefixed: boolean;
  readonly operation: string;
}

export function wordsOf({ resource, name, prefixed, operation }: Rule): string {
  return `${operation} on ${resource} ${prefixed ? "prefixed " : ""}${name}`;
}

const row =
  /^\| (?<resource>Topic|Group|TransactionalId) \| (?<prefixed>prefixed )?`(?<name>[^`]+)` \| (?<operations>[A-Za-z, ]+) \|/u;

/** What the page calls by a name of its own. */
export type Names = Readonly<Partial<Record<"PREFIX" | "GROUP" | "OFFSETS", string>>>;

/** A rule of the page for these names. */
export function named(rule: Rule, names: Names): Rule {
  return {
    ...rule,
    name: rule.name.replace(
      /PREFIX|GROUP|OFFSETS/u,
      (word) => Object.entries(names).find(([name]) => name === word)?.[1] ?? word,
    ),
  };
}

/** The rows below the sentence that has `words`, one operation a rule. */
export function documentedRules(words: string): readonly Rule[] {
  const page = readFileSync(resolve("docs/kafka.md"), "utf8");
  const at = page.indexOf(words);
  if (at < 0) throw new Error(`docs/kafka.md does not say "${words}"`);
  const lines = page.slice(page.indexOf("\n|", at) + 1).split("\n");
  const rules: Rule[] = [];
  for (const line of lines.slice(2)) {
    if (!line.startsWith("|")) break;
    const { resource, prefixed, name = "", operations = "" } = row.exec(line)?.groups ?? {};
    if (resource !== "Topic" && resource !== "Group" && resource !== "TransactionalId")
      throw new Error(`docs/kafka.md has an ACL that nobody can read: ${line}`);
    for (const operation of operations.split(", "))
      rules.push({ resource, name, operation, prefixed: prefixed !== undefined });
  }
  if (rules.length === 0) throw new Error(`docs/kafka.md has no ACL below "${words}"`);
  return rules;
}

const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;

const resources: Readonly<Record<Rule["resource"], kafkajs.AclResourceTypes>> = {
  Topic: AclResourceTypes.TOPIC,
  Group: AclResourceTypes.GROUP,
  TransactionalId: AclResourceTypes.TRANSACTIONAL_ID,
};

const operations: Readonly<Record<string, kafkajs.AclOperationTypes>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  All: AclOperationTypes.ALL,
};

function entryOf(user: string, { resource, name, prefixed, operation }: Rule): AclEntry {
  const known = operations[operation];
  if (known === undefined) throw new Error(`an operation that no broker has: ${operation}`);
  return {
    principal: `User:${user}`,
    host: "*",
    operation: known,
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: resources[resource],
    resourceName: name,
    resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
  };
}

export async function allow(admin: Admin, user: string, rules: readonly Rule[]): Promise<void> {
  await admin.createAcls({ acl: rules.map((rule) => entryOf(user, rule)) });
}

/** Takes them away, and everything of a user where no rule is said. */
export async function forbid(admin: Admin, user: string, rules?: readonly Rule[]): Promise<void> {
  const everything = {
    principal: `User:${user}`,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
  };
  await admin.deleteAcls({ filters: rules?.map((rule) => entryOf(user, rule)) ?? [everything] });
}
