/**
 * The report's checklist: what a migration is asked for when it is handed over, each point with what is known of it. A
 * point passes only on evidence; what nobody has looked at is skipped and says so, and is never taken for a pass.
 */
import type { Beside } from "./report-beside.js";
import type { ChecklistPoint, TableReport } from "./report-body.js";

type Judged = Omit<ChecklistPoint, "point">;

const shownNames = 5;

export function checklistOf(
  tables: readonly TableReport[],
  rows: { readonly differences: bigint; readonly pending: bigint },
  beside: Beside,
  followed: boolean | null,
): readonly ChecklistPoint[] {
  return [
    { point: "Every table was compared whole", ...wholeOf(tables) },
    { point: "No row differs", ...rowsOf(tables, rows) },
    { point: "Nothing was touched since it was compared", ...touchedOf(tables, followed) },
    { point: "Both sides have as many rows", ...countsOf(tables, beside) },
    { point: "No row on the target is an orphan", ...orphansOf(beside) },
    { point: "The queries of verify.queries hold", ...queriesOf(beside) },
    { point: "No row of a sample differed", ...sampleOf(rows.differences, beside) },
  ];
}

function wholeOf(tables: readonly TableReport[]): Judged {
  const never = tables.filter(({ clean }) => clean === null).map(({ table }) => table);
  const [all, compared] = [tables.length, tables.length - never.length];
  const evidence = `${String(compared)} of ${String(all)} ${all === 1 ? "table" : "tables"}`;
  return never.length > 0 || all === 0
    ? skipped(`${evidence}${never.length === 0 ? "" : `; never: ${named(never)}`}.`)
    : pass(`${evidence}.`);
}

function rowsOf(
  tables: readonly TableReport[],
  { differences, pending }: { readonly differences: bigint; readonly pending: bigint },
): Judged {
  const recorded = tables.filter((each) => each.recorded !== "0").map(({ table }) => table);
  if (differences > 0n) return fail(`${String(differences)} on record as different, in ${named(recorded)}.`);
  if (pending > 0n) return skipped(`${String(pending)} to be looked at again, in ${named(recorded)}.`);
  const never = tables.some(({ clean }) => clean === null) || tables.length === 0;
  return never
    ? skipped("None is on record as different, but not every table was compared whole.")
    : pass("None is on record as different, and none is to be looked at again.");
}

function touchedOf(tables: readonly TableReport[], followed: boolean | null): Judged {
  if (followed === false)
    return skipped("Nobody follows the source's log, so it is not known what it has touched since.");
  if (tables.length === 0 || tables.some(({ touched }) => touched === null))
    return skipped("Not every table was compared whole.");
  const since = tables.filter(({ touched }) => touched?.whole === true || touched?.keys !== "0");
  const names = named(since.map(({ table }) => table));
  return since.length === 0
    ? pass("The log has touched no key since.")
    : skipped(`The log has touched rows since, and they were not compared again yet: ${names}.`);
}

function countsOf(tables: readonly TableReport[], { counts, at }: Beside): Judged {
  const results = (result: string): readonly string[] =>
    counts.filter((each) => each.result === result).map(({ table }) => table);
  const equal = tables.length > 0 && tables.every(({ standing }) => standing === "equal");
  const found = pass("Each row of either side was found on the other, as all tables were compared whole.");
  const since = tables.every(({ compared }) => (compared?.at ?? "") > (at.counts ?? ""));
  // What was counted before all of it was compared is over.
  if (equal && at.counts !== null && since) return found;
  const [apart, open] = [results("different"), results("pending")];
  const when = `counted by verify --counts, ended at ${at.counts ?? "?"}`;
  if (apart.length > 0) return fail(`They differ in ${named(apart)}, ${when}.`);
  if (open.length > 0) return skipped(`Not settled in ${named(open)}, ${when}.`);
  const known = new Set(counts.map(({ table }) => table));
  if (tables.length > 0 && tables.every(({ table }) => known.has(table)))
    return pass(`In each of ${String(counts.length)}, ${when}.`);
  return equal ? found : skipped("Not counted in every table at one position: headgate verify --counts.");
}

function orphansOf({ foreignKeys, at }: Beside): Judged {
  if (foreignKeys.length === 0) return skipped("No foreign key was looked at.");
  const when = `looked at ${at.foreignKeys ?? "?"}`;
  const of = (...results: readonly string[]): readonly string[] =>
    foreignKeys
      .filter(({ result }) => results.includes(result))
      .map(({ table, foreignKey }) => `${foreignKey} of ${table}`);
  const [alone, kept, holds] = [of("orphans", "refused"), of("kept"), of("holds")];
  if (alone.length > 0) return fail(`Not so: ${named(alone)}, ${when}.`);
  const unasked = of("not-asked");
  const open = foreignKeys.length - kept.length - holds.length;
  if (open > 0 && open === unasked.length)
    return skipped(
      `${String(holds.length)} of ${String(foreignKeys.length)} foreign keys hold, ${when}; not on the target, and not asked about: ${named(unasked)}.`,
    );
  if (open > 0)
    return skipped(`${String(open)} of ${String(foreignKeys.length)} foreign keys not judged, ${when}.`);
  const left =
    kept.length === 0
      ? ""
      : `; orphans are kept, by choice or because the target has no such key, in ${named(kept)}`;
  return pass(`${String(holds.length)} of ${String(foreignKeys.length)} foreign keys hold, ${when}${left}.`);
}

function queriesOf({ queries, at }: Beside): Judged {
  if (queries.length === 0) return skipped("None was asked.");
  const of = (...results: readonly string[]): readonly string[] =>
    queries.filter(({ result }) => results.includes(result)).map(({ name }) => name);
  const when = `asked at ${at.queries ?? "?"}`;
  const broken = of("broken", "refused");
  if (broken.length > 0) return fail(`Not so: ${named(broken)}, ${when}.`);
  const open = queries.length - of("holds").length;
  return open > 0
    ? skipped(`${String(open)} of ${String(queries.length)} not settled, ${when}.`)
    : pass(`${String(queries.length)} of ${String(queries.length)}, ${when}.`);
}

function sampleOf(onRecord: bigint, { samples, sampleFound }: Beside): Judged {
  if (sampleFound === null) return skipped("No sample was taken.");
  const evidence = samples.join(" ");
  const { differences, pending } = sampleFound;
  if (differences === 0n && pending === 0n) return pass(evidence);
  return differences > 0n && onRecord > 0n
    ? fail(evidence)
    : skipped(`${evidence} ${onRecord === 0n ? "No row is on record as different now." : ""}`.trim());
}

function named(names: readonly string[]): string {
  const more = names.length - shownNames;
  return more > 0 ? `${names.slice(0, shownNames).join(", ")} and ${String(more)} more` : names.join(", ");
}

function pass(evidence: string): Judged {
  return { result: "pass", evidence };
}

function fail(evidence: string): Judged {
  return { result: "fail", evidence };
}

function skipped(evidence: string): Judged {
  return { result: "skipped", evidence };
}
