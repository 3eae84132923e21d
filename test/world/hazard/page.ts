/**
 * docs/hazards.md: one line for each folder of test/hazards, written from the folders alone.
 */
import type { Condition, Expected } from "./expected.js";
import type { Hazard } from "./folder.js";

export const pagePath = "docs/hazards.md";

export function hazardPage(hazards: readonly Hazard[]): string {
  return [
    "# Hazards",
    "",
    "Written by `npm run hazards` from [test/hazards](../test/hazards/README.md), where each has its source.sql and what must",
    "come of it. `npm test` takes them from MySQL 9.7, and those about MariaDB from MariaDB 10.11, to PostgreSQL 18, and a few",
    "between the other versions; `npm run gate hazards` takes them from every source to every target.",
    "",
    "| hazard | what holds | what would go wrong | from | where | `check` says | settled by |",
    "|---|---|---|---|---|---|---|",
    ...hazards.map(line),
    "",
  ].join("\n");
}

function line({ name, expected }: Hazard): string {
  const cells = [
    `[${name}](../test/hazards/${name})`,
    expected.title,
    expected.why,
    expected.origin.join(", "),
    where(expected.applies),
    said(expected),
    settled(expected),
  ];
  return `| ${cells.map((cell) => cell.replaceAll(/[\\|<]/gu, "\\$&").replaceAll(/\s*\n\s*/gu, " ")).join(" | ")} |`;
}

function where({ engine, needs, lacks }: Condition): string {
  const parts = [
    ...(engine === undefined ? [] : [engine === "mysql" ? "MySQL" : "MariaDB"]),
    ...needs,
    ...lacks.map((name) => `no ${name}`),
  ];
  return parts.length === 0 ? "everywhere" : parts.join(", ");
}

function said({ findings }: Expected): string {
  if (findings.length === 0) return "nothing";
  const each = findings.map(({ code, severity }) => (severity === "error" ? `**${code}**` : code));
  return [...new Set(each)].join(", ");
}

function settled({ settle }: Expected): string {
  if (settle === "refused") return "nothing: refused";
  if (settle === "proposed") return "what `check --propose` prints";
  const keys = Object.keys(settle);
  return keys.length === 0 ? "" : keys.map((key) => `\`${key}\``).join(", ");
}
