/**
 * The columns of a view: their names on the target, the types that the type map gives what the view computes, and the
 * canonical text by which both servers' rows are compared.
 */
import { Fault } from "../errors.js";
import type { Catalogue, ColumnPolicy, PlanViewColumn, SourceColumn } from "../model.js";
import { mysqlName, postgresName } from "../safety/identifier.js";
import type { TranslatedView } from "../translate/view.js";
import type { PlannedColumn } from "../translate/value.js";
import { codecOf } from "../typemap/compile.js";
import { resolve } from "../typemap/explain.js";
import type { DecisionContext } from "./columns.js";
import { assignNames, foldName } from "./names.js";

export function targetColumns(
  columns: readonly SourceColumn[],
  names: "keep" | "lower",
): ReadonlyMap<string, string> {
  return assignNames(columns.map(({ name }) => ({ source: name, wanted: foldName(name, names) })));
}

/** What the type map makes of a column that the view computes. */
export function typeOf(view: string, column: SourceColumn, { catalogue, rules }: DecisionContext): string {
  try {
    const { targetType } = resolve(rules, {
      engine: catalogue.engine,
      table: view,
      storage: "",
      column,
      keys: { primary: false, unique: false, foreign: false, auto: false },
    });
    return targetType === "enum" ? "text" : targetType;
  } catch (error) {
    if (error instanceof Fault && error.code === "type-pair") return "unknown";
    throw error;
  }
}

const refuse: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

export function viewColumn(
  column: SourceColumn,
  place: number,
  { translated }: { readonly translated: TranslatedView },
  names: ReadonlyMap<string, string>,
  { catalogue }: DecisionContext,
): PlanViewColumn {
  const output = translated.outputs[place]?.value;
  const origin = output?.origin ?? null;
  const target = names.get(column.name) ?? column.name;
  const targetType = output?.type ?? "text";
  return {
    source: column.name,
    target,
    sourceType: column.columnType,
    targetType,
    canonical: canonicalOf(
      { ...(origin?.column ?? column), name: column.name },
      targetType,
      origin,
      target,
      catalogue,
    ),
    unordered: output?.unordered ?? null,
  };
}

function canonicalOf(
  column: SourceColumn,
  targetType: string,
  origin: PlannedColumn | null,
  target: string,
  { engine }: Catalogue,
): PlanViewColumn["canonical"] {
  try {
    const codec = codecOf(
      { column, source: column.name, targetType, policy: origin?.policy ?? refuse },
      engine,
    );
    // The source shows each value of an IF or a COALESCE with digits of its own: the column's type counts.
    if (origin === null && column.type === "decimal" && column.scale !== null) {
      const same = `CAST(CAST(${mysqlName(column.name)} AS DECIMAL(65,${String(column.scale)})) AS CHAR)`;
      return { source: same, target: codec.canonicalTarget(postgresName(target)) ?? "" };
    }
    const [source, there] = [
      codec.canonicalSource(mysqlName(column.name)),
      codec.canonicalTarget(postgresName(target)),
    ];
    return source === null || there === null ? null : { source, target: there };
  } catch (error) {
    if (error instanceof Fault && error.code === "type-pair") return null;
    throw error;
  }
}
