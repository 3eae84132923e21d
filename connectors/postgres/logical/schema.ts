/** The ledger's tables of the way back: what was made on the target, and what has to be as it was again. */
import type { LedgerStep } from "../ledger-step.js";

export const wayBackSteps: readonly LedgerStep[] = [
  {
    number: 16,
    sql: `
-- The slot and the publication that keep the target's log for the way back, one name for both. start: where the slot began.
CREATE TABLE headgate.way_back (
  migration text PRIMARY KEY REFERENCES headgate.migration,
  name text NOT NULL,
  start pg_lsn,
  made_at timestamptz NOT NULL
);
-- What tables and partitions had before FULL, as pg_class says it; index: the one that it named.
CREATE TABLE headgate.replica_identity (
  migration text NOT NULL REFERENCES headgate.migration,
  relation oid NOT NULL,
  identity "char" NOT NULL,
  index oid,
  PRIMARY KEY (migration, relation)
);`,
  },
];
