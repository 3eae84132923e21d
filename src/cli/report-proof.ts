/** What the report's proof is made of: the ledger's tables, the plan's columns, and keys as texts. */
import { Fault } from "../errors.js";
import type { Plan, PlanTable, SourceEngine } from "../model.js";
import type { LedgerView } from "../port.js";
import type { ProofView } from "../verify-port.js";
import { keyTexts } from "../verify/key-text.js";
import { columnsCompared } from "../verify/unseen.js";
import type { ReportProof } from "../watch/report-body.js";
import { reportProof } from "../watch/report-proof.js";
import { policyCounts } from "./kept.js";

/** `queries`: those of the config, each by what it asks. */
export function proofOf(
  view: LedgerView,
  proof: ProofView | null,
  plan: Plan | null,
  queries: readonly string[],
): ReportProof {
  const tables = new Map((plan?.tables ?? []).map((table) => [table.source, table]));
  const policies = policyCounts(view);
  return reportProof({
    view: proof,
    leftOut: plan?.leftOut ?? null,
    tables: view.tables.map(({ table }) => {
      const planned = tables.get(table);
      const last = proof?.tables.find((each) => each.table === table)?.method;
      const method = last === "digest" ? "digest" : "stream";
      return {
        table,
        columns:
          planned === undefined ? null : ofEither((engine) => columnsCompared(planned, engine, method)),
        policies: policies.filter(({ object }) => object.startsWith(`${table}.`)),
        keyed: planned === undefined ? null : planned.key !== null,
      };
    }),
    keyText: (table, key) => textsOf(tables.get(table), key),
    wanted: {
      queries,
      foreignKeys: (plan?.tables ?? []).flatMap(({ source, foreignKeys, leftKeys }) =>
        [...(foreignKeys ?? []), ...(leftKeys ?? [])].map(({ name }) => ({
          table: source,
          foreignKey: name,
        })),
      ),
    },
  });
}

/** In hex where no plan says what the key is made of. */
function textsOf(table: PlanTable | undefined, key: Buffer): readonly string[] {
  if (table === undefined) return [key.toString("hex")];
  return ofEither((engine) => keyTexts(table, engine, key));
}

/** A plan does not say which of the two engines it is of; a type that only one of them has is known to that one alone. */
function ofEither<T>(act: (engine: SourceEngine) => T): T {
  try {
    return act("mysql");
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "type-pair") throw error;
    return act("mariadb");
  }
}
