/**
 * The digest of a report: SHA-256 over its canonical JSON (RFC 8785: keys sorted by UTF-16 code units, no spaces,
 * numbers and strings as JSON.stringify spells them, UTF-8), lower-case hex. It covers every field but those that only
 * the printing of a verb adds, and itself. It tells that a file is as it was written; it does not tell who wrote it.
 */
import { createHash } from "node:crypto";

/** Fields that a report's file has beside what the digest covers. */
export const uncovered: ReadonlySet<string> = new Set(["ui", "verb", "ok", "exit", "nextSteps", "digest"]);

/** Plain JSON only: what JSON.parse gives. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

/** What the digest is taken of. */
export function covered(report: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(report).filter(([name]) => !uncovered.has(name)));
}

export function reportDigest(report: Readonly<Record<string, unknown>>): string {
  return createHash("sha256")
    .update(canonicalJson(covered(report)), "utf8")
    .digest("hex");
}
