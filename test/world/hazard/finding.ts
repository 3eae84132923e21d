/**
 * What `check` said, divided among hazards by the names in `object`, and held against what a hazard expects of it.
 * A hazard owns the tables, views and programs that its source.sql made.
 */
import { parse } from "yaml";
import { z } from "zod";
import { configSchema } from "../../../src/config/schema.js";
import type { ExpectedFinding } from "./expected.js";

const found = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning", "info"]),
  object: z.string(),
  sentence: z.string(),
  count: z.number(),
  sampleKeys: z.array(z.string()),
  propose: z.array(z.string()).optional(),
});

export type Found = z.output<typeof found>;

/** The findings of a final object of `check` or `run`. */
export function foundIn(said: Readonly<Record<string, unknown>>): readonly Found[] {
  return z.object({ findings: z.array(found) }).parse(said).findings;
}

/** Who made what: a name in the source database to the hazard whose it is. */
export type Owners = ReadonlyMap<string, string>;

/** The hazard that a finding's object belongs to, by the longest name that it begins with; null for nobody's. */
export function ownerOf(object: string, owners: Owners): string | null {
  if (owners.has(object)) return owners.get(object) ?? null;
  for (let end = object.lastIndexOf("."); end > 0; end = object.lastIndexOf(".", end - 1)) {
    const owner = owners.get(object.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return null;
}

export interface Held {
  readonly expected: readonly ExpectedFinding[];
  /** Every finding of the hazard's own objects. */
  readonly own: readonly Found[];
  /** All findings, for what is said of the database as a whole. */
  readonly all: readonly Found[];
  readonly database: string;
  /** Nothing but what is expected, of any severity. */
  readonly exactly: boolean;
}

/** One sentence for each way in which what was found is not what is expected. */
export function findingProblems({ expected, own, all, database, exactly }: Held): readonly string[] {
  const left = new Set(own);
  const problems: string[] = [];
  for (const want of expected) {
    const object = want.object.replaceAll("{database}", database);
    const alike = all.filter((one) => one.code === want.code && one.object === object);
    // Server and values may both speak of a column, one as a warning, one as an error.
    const exact = alike.filter(({ severity }) => severity === want.severity);
    const [hit, ...more] = exact.length > 0 ? exact : alike;
    for (const one of hit === undefined ? [] : [hit, ...more]) left.delete(one);
    if (hit === undefined) problems.push(`no finding ${want.code} for ${object}`);
    else if (more.length > 0) problems.push(`${1 + more.length} findings ${want.code} for ${object}`);
    else problems.push(...unlike(want, hit));
  }
  for (const one of own) problems.push(...unreadable(one));
  for (const one of left)
    if (exactly || one.severity === "error") problems.push(`nobody expects: ${spoken(one)}`);
  return problems;
}

const servers = { source: { url: "mysql://u@h/d" }, target: { url: "postgresql://u@h/d" } };

/** Lines that are offered must be such as headgate.yaml takes, also where the hazard leaves them to a person. */
function unreadable(one: Found): readonly string[] {
  if (one.propose === undefined || one.propose.length === 0) return [];
  const lines: unknown = parse(one.propose.join("\n"));
  const read = configSchema.safeParse({
    migration: "20260101_hazard",
    ...servers,
    ...z.looseObject({}).parse(lines),
  });
  if (read.success) return [];
  const why = read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return [`offers lines that headgate.yaml does not take (${why}): ${one.propose.join(" ")}`];
}

function unlike(want: ExpectedFinding, hit: Found): readonly string[] {
  const differences: string[] = [];
  if (hit.severity !== want.severity) differences.push(`severity ${hit.severity}, not ${want.severity}`);
  if (want.count !== undefined && hit.count !== want.count)
    differences.push(`count ${hit.count}, not ${want.count}`);
  const keys = want.sampleKeys;
  if (keys !== undefined && JSON.stringify([...hit.sampleKeys].sort()) !== JSON.stringify([...keys].sort()))
    differences.push(`sampleKeys ${JSON.stringify(hit.sampleKeys)}, not ${JSON.stringify(keys)}`);
  for (const words of want.says ?? [])
    if (!hit.sentence.includes(words)) differences.push(`a sentence without ${JSON.stringify(words)}`);
  return differences.map((difference) => `${difference}: ${spoken(hit)}`);
}

export function spoken({ severity, code, object, count, sampleKeys, sentence }: Found): string {
  return `${severity} ${code} ${object} (${count}; keys ${JSON.stringify(sampleKeys)}): ${sentence}`;
}
