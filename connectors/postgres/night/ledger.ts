/** The claimed ledger's part of the night (src/cutover-port.ts), its nouns put together on the claim's own session. */
import type { NightLedger } from "../../../src/cutover-port.js";
import type { Plan } from "../../../src/model.js";
import type { Session } from "../connection.js";
import type { Claim } from "../epoch.js";
import { demandForward } from "../forward.js";
import type { Writing } from "../verify/writing.js";
import { appendEntries, readEntries } from "./journal.js";
import { givenKeys, pastKeys } from "./keys.js";
import type { NightMoment } from "./moments.js";
import { openTarget } from "./open.js";
import { reopenLanes } from "./reopen-lanes.js";
import { sequencesAt } from "./sequences.js";
import { neverAnalyzed } from "./statistics.js";

export interface NightOfLedger extends Writing {
  readonly claim: Claim;
  readonly plan: Plan;
  /** The claim's session, for transactions of their own kind; one at a time. */
  readonly alone: <T>(act: (session: Session) => Promise<T>) => Promise<T>;
  readonly moment: (name: NightMoment) => void | Promise<void>;
}

export function nightLedger(ledger: NightOfLedger): NightLedger {
  const { migration, claim, plan, moment } = ledger;
  return {
    journal: (entries) =>
      ledger.write("writing the journal", (session) => appendEntries(session, migration, entries)),
    entries: () => ledger.read((session) => readEntries(session, migration)),
    pastKeys: (of, sequences) =>
      ledger.write("moving sequences past the keys", async (session) => {
        // An application draws from them by then, and they go on by themselves.
        await demandForward(session, migration);
        await pastKeys(session, of, sequences);
      }),
    sequences: (of) => ledger.read((session) => sequencesAt(session, of)),
    givenKeys: (of) => ledger.read((session) => givenKeys(session, of)),
    neverAnalyzed: (of) => ledger.read((session) => neverAnalyzed(session, of)),
    openTarget: (cutover, roles) =>
      ledger.alone((session) => openTarget({ session, claim, plan, moment }, cutover, roles)),
    reopenLanes: (cutover, lanes) =>
      ledger.alone((session) => reopenLanes({ session, claim, moment }, cutover, lanes)),
    lanesClosed: () =>
      ledger.read(async (session) => {
        const { count } = await session.query(
          "SELECT FROM headgate.lane WHERE migration = $1 AND closed LIMIT 1",
          [migration],
          "asking whether the target is open",
        );
        return count > 0;
      }),
  };
}
