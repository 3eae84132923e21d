/** A migration that was abandoned is one for good: every verb that would go on with it is refused by name, with how to begin anew. */
import { isClosed } from "../cutover/ending.js";
import { Fault } from "../errors.js";
import type { LedgerView } from "../port.js";
import type { OpenMigration } from "./open.js";
import { journeyAt } from "./journey-at.js";

/** How a migration begins anew on the same two servers. */
export const beginAnew = "Give `migration:` another id in headgate.yaml, then headgate run";

/** Fault abandoned, by the journal beside the config or, where that was lost, by the target's ledger. */
export async function demandNotAbandoned(
  { id, stateDirectory }: Pick<OpenMigration, "id" | "stateDirectory">,
  view: Pick<LedgerView, "state"> | null,
): Promise<void> {
  const journey = await journeyAt(stateDirectory);
  if (journey.state !== "abandoned" && view?.state !== "abandoned") return;
  const ended = journey.state !== "abandoned" || isClosed(journey);
  throw new Fault(
    "abandoned",
    ended
      ? `${id} was abandoned: what it had made was dropped, and nothing goes on from there.`
      : `${id} is being abandoned, and that was not carried through.`,
    ended ? {} : { next: "headgate abandon" },
  );
}
