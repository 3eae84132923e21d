/** The way back's ledger on the source, for whoever looks at it without an engine. */
import type { ReverseLedger } from "../cutover-port.js";
import type { OpenMigration } from "./open.js";
import type { VerbContext } from "./verb.js";

/** Opens nothing before it is asked. Null where there is no account that reads it. */
export async function wayBackLedger(
  { services }: VerbContext,
  { night, id }: OpenMigration,
): Promise<ReverseLedger | null> {
  return night.admin === null ? null : await services.reverseLedger(night.admin.server, night.admin.tls, id);
}
