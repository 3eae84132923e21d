/**
 * The text of a new headgate.yaml. Everything that somebody must decide is written out: the migration's id, the
 * environment, both URLs exactly as they were given (a ${NAME} stays a ${NAME}), and one explicit line, with its
 * reason, for each value that would not fit otherwise. Pure; the caller opens the file with O_EXCL and mode 0600.
 */
import { stringify } from "yaml";
import { demandMigrationId } from "./migration-id.js";
import type { Config } from "./schema.js";

/** Lines that go under one key, as `check --propose` prints them, and the sentence that stands above. */
export interface InitLines {
  readonly comment: string;
  /** typemap, policies: list items (`- match: ...`, further lines indented by two). rename: `"a b": a_b`. */
  readonly lines: readonly string[];
}

export interface InitFacts {
  readonly migration: string;
  readonly environment: Config["environment"];
  /** As given on the command line. */
  readonly source: string;
  readonly target: string;
  readonly schema: string;
  /** One sentence about what was seen at the source, e.g. `MySQL 9.7.4, 14 tables, about 1,012,000 rows`. */
  readonly seen: string;
  readonly names: Config["names"];
  readonly renames: readonly InitLines[];
  /** `"table": { "column": name }`, where columns cannot keep their names. */
  readonly columns: readonly string[];
  readonly typemap: readonly InitLines[];
  readonly policies: readonly InitLines[];
}

/** A whole file that loads as it stands. Fault `usage` for an id that cannot name a migration. */
export function initText(facts: InitFacts): string {
  demandMigrationId(facts.migration);
  const lines = [
    "# yaml-language-server: $schema=./headgate.schema.json",
    ...comment("", `Written by headgate init. Source: ${facts.seen}`),
    ...comment("", "Every key and its default: docs/config.md. A password may be ${NAME} or ${file:PATH}."),
    "",
    ...comment("", "Names the ledger and the files under .headgate/. Keep it for the whole migration."),
    `migration: ${text(facts.migration)}`,
    ...comment(
      "",
      "production asks for the target database's name before it writes; staging and development do not.",
    ),
    `environment: ${facts.environment}`,
    "",
    "source:",
    `  url: ${text(facts.source)}`,
    "target:",
    `  url: ${text(facts.target)}`,
    `  schema: ${text(facts.schema)}`,
    "",
    ...comment("", "Globs on the source's table names. rename: source name to target name."),
    "tables:",
    '  include: ["*"]',
    "  exclude: []",
    ...(facts.renames.length === 0 ? ["  rename: {}"] : ["  rename:", ...section("    ", facts.renames)]),
    ...(facts.columns.length === 0 ? [] : ["  columns:", ...facts.columns.map((line) => `    ${line}`)]),
    ...comment("", "keep the source's spelling, or lower. Names are always quoted in Headgate's SQL."),
    `names: ${facts.names}`,
    "",
    ...comment(
      "",
      "Rules before the built-in ones; the first that matches wins (headgate plan --explain TABLE.COLUMN).",
    ),
    ...(facts.typemap.length === 0 ? ["typemap: []"] : ["typemap:", ...section("  ", facts.typemap)]),
    "",
    ...comment(
      "",
      "What may be changed on the way; each change is counted and reported. Without a line the value is refused.",
    ),
    ...(facts.policies.length === 0 ? ["policies: []"] : ["policies:", ...section("  ", facts.policies)]),
    "",
    ...comment("", "Ranges copied at the same time, and the rows in one."),
    "snapshot: { workers: 2, rangeRows: 100000 }",
  ];
  return lines.join("\n") + "\n";
}

function section(indent: string, parts: readonly InitLines[]): string[] {
  return parts.flatMap((part) => [
    ...comment(indent, part.comment),
    ...part.lines.flatMap((line) => line.split("\n")).map((line) => indent + line),
  ]);
}

/** A comment that stays one whatever names from a database are in it. */
function comment(indent: string, sentence: string): string[] {
  const clean = sentence.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean === "" ? [] : [`${indent}# ${clean}`];
}

/** One line of YAML that reads back as this text. */
export function text(value: string): string {
  return stringify(value, { lineWidth: 0, blockQuote: false }).replace(/\n$/u, "");
}
