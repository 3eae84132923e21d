/**
 * MariaDB's sequences on the target: each is made before the tables, whose defaults may draw from it, and set where
 * the source's stands when everything else is built, and again inside the fence. Values that the source keeps in its cache are skipped, as the
 * source itself does when it starts again. One that the target cannot have is left out with a finding by name.
 */
import type { Catalogue, SourceObject, SourceSequence } from "../model.js";
import { postgresLiteral, postgresName } from "../safety/identifier.js";
import { bareType } from "../typemap/target-type.js";
import type { DecidedColumn } from "./columns.js";
import type { Findings } from "./finding.js";
import { assignNames, foldName } from "./names.js";
import type { PlanRequest } from "./request.js";
import type { Statements } from "./statement.js";

export interface PlannedSequence {
  readonly source: string;
  readonly target: string;
  readonly state: SourceSequence;
}

/** The sequences that the target will have, in name order. `taken` are the tables' names there. */
export function planSequences(
  catalogue: Catalogue,
  request: PlanRequest,
  taken: readonly string[],
  findings: Findings,
): readonly PlannedSequence[] {
  const all = catalogue.objects.filter(({ kind }) => kind === "sequence");
  const able = all.filter(({ sequence }) => sequence !== undefined && BigInt(sequence.increment) !== 0n);
  const names = assignNames(
    able.map(({ name }) => ({ source: name, wanted: foldName(name, request.names) })),
    new Set(taken),
  );
  for (const object of all) if (!able.includes(object)) tellLeftOut(object, findings);
  return able.flatMap(({ name, sequence }) => {
    const target = names.get(name);
    if (target === undefined || sequence === undefined) return [];
    const planned = { source: name, target, state: sequence };
    tellMade(planned, request.schema, findings);
    return [planned];
  });
}

function tellLeftOut({ name, sequence }: SourceObject, findings: Findings): void {
  findings.add({
    code: "sequence-not-copied",
    severity: "warning",
    object: name,
    sentence: `The sequence ${name} is not carried over: ${
      sequence === undefined
        ? "this account may not read where it stands"
        : "it counts by the server's auto_increment_increment (INCREMENT BY 0)"
    }.`,
    fix: "Create it on the target, with the source's next value.",
  });
}

function tellMade(planned: PlannedSequence, schema: string, findings: Findings): void {
  const { source, target, state } = planned;
  findings.add({
    code: "sequence-copied",
    severity: "info",
    object: source,
    sentence: `The sequence ${source}${target === source ? "" : `, ${target} on the target,`} goes on at ${state.next} there, and a cutover sets it where the source's stands by then.`,
    fix: `Nothing needs to be done for a cutover. After a copy alone (run --until copied) set it again, as nobody sees what the source hands out meanwhile: ${setval(planned, schema)}.`,
  });
}

/** Adds what makes the sequences. */
export function sequencesBefore(
  planned: readonly PlannedSequence[],
  schema: string,
  statements: Statements,
): void {
  for (const { target, state } of planned)
    statements.add({
      kind: "sequence",
      table: null,
      object: target,
      sql:
        `CREATE SEQUENCE ${qualified(target, schema)} AS bigint INCREMENT BY ${state.increment} MINVALUE ${state.minimum}` +
        ` MAXVALUE ${state.maximum} START WITH ${state.start}${state.cycles ? " CYCLE" : ""}`,
      creates: [{ space: "relation", name: target }],
    });
}

/** Adds what sets them where the source's stand. */
export function sequencesAfter(
  planned: readonly PlannedSequence[],
  schema: string,
  statements: Statements,
): void {
  for (const one of planned)
    statements.add({ kind: "identity", table: null, object: one.target, sql: setval(one, schema) });
}

/** One that has run out stands at its end, used: the next call fails, or begins anew where it cycles. */
function setval({ target, state }: PlannedSequence, schema: string): string {
  const next = BigInt(state.next);
  const rising = BigInt(state.increment) > 0n;
  const end = rising ? state.maximum : state.minimum;
  const out = rising ? next > BigInt(end) : next < BigInt(end);
  return `SELECT setval(${regclass(target, schema)}, ${out ? end : state.next}, ${String(out)})`;
}

/** The default of a column that draws from one of them; null for any other default. */
export function sequenceDefault(
  decided: DecidedColumn,
  database: string,
  schema: string,
  planned: readonly PlannedSequence[],
): string | null {
  const has = decided.column.default;
  if (decided.default !== "keep" || decided.identity !== null || has.kind !== "expression") return null;
  const name = /^\(*nextval\(`((?:[^`]|``)*)`\.`((?:[^`]|``)*)`\)\)*$/iu.exec(has.text);
  const [of, called] = [name?.[1], name?.[2]].map((each) => each?.replaceAll("``", "`"));
  const one = of === database ? planned.find(({ source }) => source === called) : undefined;
  return one === undefined || !takesNumbers(decided) ? null : `nextval(${regclass(one.target, schema)})`;
}

function takesNumbers({ targetType }: DecidedColumn): boolean {
  const bare = bareType(targetType);
  return /^(?:smallint|integer|bigint|numeric|text|character varying)$/u.test(bare);
}

function qualified(name: string, schema: string): string {
  return `${postgresName(schema)}.${postgresName(name)}`;
}

function regclass(name: string, schema: string): string {
  return `${postgresLiteral(qualified(name, schema)).trim()}::regclass`;
}
