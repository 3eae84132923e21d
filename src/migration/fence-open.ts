/**
 * What earlier looks left to the fence beside rows (docs/decisions/0008): queries and foreign keys that were pending at every
 * look, and those that nobody has asked. It is read from the ledger's records, so that an engine which took over in the
 * middle of the night knows it too.
 */
import { z } from "zod";
import type { Plan } from "../model.js";
import { askedAs } from "../verify/gate.js";
import type { GateSettings } from "../verify/gate.js";
import type { VerifyLedger } from "../verify-port.js";

export interface FenceOpen {
  readonly gates: readonly GateSettings[];
  /** Whether all rows of a foreign key of a table are to be asked. */
  readonly key: (table: string, foreignKey: string) => boolean;
}

/** Verifications among which the last that asked is looked for. */
const lastRuns = 500;

const queries = z.array(z.object({ asks: z.string().optional(), result: z.string() }));
const foreignKeys = z.array(z.object({ table: z.string(), foreignKey: z.string(), result: z.string() }));

export async function fenceOpen(
  ledger: Pick<VerifyLedger, "ended">,
  { tables }: Plan,
  gates: readonly GateSettings[],
): Promise<FenceOpen> {
  const asking = tables.some((table) => (table.foreignKeys ?? []).length > 0);
  if (gates.length === 0 && !asking) return { gates: [], key: () => false };
  const runs = await ledger.ended(lastRuns);
  const told = (name: string): unknown => {
    const text = runs.map(({ facts }) => facts[name]).find((value) => typeof value === "string");
    return text === undefined ? [] : JSON.parse(text);
  };
  const held = new Set(
    queries.parse(told("queries")).flatMap(({ asks, result }) => (result === "holds" ? [asks] : [])),
  );
  const known = new Set(
    foreignKeys
      .parse(told("foreignKeys"))
      .flatMap(({ table, foreignKey, result }) =>
        result === "pending" || result === "refused" || result === "orphans"
          ? []
          : [JSON.stringify([table, foreignKey])],
      ),
  );
  return {
    gates: gates.filter((settings) => !held.has(askedAs(settings))),
    key: (table, foreignKey) => !known.has(JSON.stringify([table, foreignKey])),
  };
}
