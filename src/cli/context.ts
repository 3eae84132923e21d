/**
 * `context`: what somebody who plans a migration asks first, get_migration_context, and its answer from both servers.
 * Reads only. A fact that no server can tell is "unknown" and says whom to ask instead.
 */
import { exits } from "../errors.js";
import type { Fact } from "../measures.js";
import { visible } from "../watch/visible.js";
import { contextFacts, contextOf, evaluationOf, measureBoth } from "./facts.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

/** The query as it is put to whoever answers; its answer stands beside it. */
const request = {
  type: "get_migration_context",
  query:
    "Source and target engine and version; sizes; row counts; tables without a key; foreign keys, views and programs; replication and its lag; disk headroom and bloat; age of the last backup; the window in which writes may stop.",
  facts: contextFacts,
} as const;

export async function contextVerb(context: VerbContext): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const { source, target } = await migration.both();
  const measures = await measureBoth(source, target, context.services.today);
  const facts = contextOf(measures);
  const unknown = Object.entries(facts).flatMap(([name, { value }]) => (value === "unknown" ? [name] : []));
  return {
    exit: exits.done,
    nextSteps: [{ why: "to look at plan and values too", command: "headgate check" }],
    body: { request, facts, unknown, evaluation: evaluationOf(measures) },
    human: contextFacts.flatMap((name) => factLines(name, facts[name])),
  };
}

function factLines(name: string, { value, takenAt, query, note }: Fact<unknown>): string[] {
  return [
    `${name}: ${visible(brief(value))}`,
    `    at ${takenAt}, from ${query}`,
    ...(note === undefined ? [] : [`    ${visible(note)}`]),
    "",
  ];
}

/** What a person reads at once; --json has all of it. */
function brief(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 397)}...` : text;
}
