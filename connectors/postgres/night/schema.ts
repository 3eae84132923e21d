/** The ledger's tables of the night, as steps of ledger-schema.ts: states, closed lanes, the journal's copy, what was opened. */
import type { LedgerStep } from "../ledger-step.js";

export const nightSteps: readonly LedgerStep[] = [
  {
    number: 15,
    sql: `
ALTER TABLE headgate.migration DROP CONSTRAINT migration_state_check;
ALTER TABLE headgate.migration ADD CONSTRAINT migration_state_check
  CHECK (state IN ('new', 'copying', 'building', 'copied', 'streaming', 'ready', 'stopped', 'soaking', 'rolled_back', 'completed'));
-- The cutover that opened the target last, and whether it has been rolled back since.
ALTER TABLE headgate.migration ADD COLUMN cutover text;
ALTER TABLE headgate.migration ADD CHECK (state NOT IN ('soaking', 'completed') OR cutover IS NOT NULL);

-- Applications write to the target: a batch of the source's log would write over them.
ALTER TABLE headgate.lane ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- The ledger's copy of the journal; the file that is fsynced beside the engine comes first. at: that machine's own words.
CREATE TABLE headgate.journal (
  migration text NOT NULL REFERENCES headgate.migration,
  number integer NOT NULL CHECK (number > 0),
  cutover text NOT NULL,
  step text NOT NULL,
  phase text NOT NULL CHECK (phase IN ('about-to', 'done', 'undone', 'decided', 'entered')),
  at text NOT NULL,
  note json,
  PRIMARY KEY (migration, number)
);

-- What roles were given when the target was opened, one right a row, so that exactly that is taken back. object: a relation's or
-- a schema's name as SQL has it, quoted.
CREATE TABLE headgate.opened (
  migration text NOT NULL REFERENCES headgate.migration,
  role text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('login', 'connect', 'schema', 'table', 'sequence')),
  object text NOT NULL,
  privilege text NOT NULL,
  cutover text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (migration, role, kind, object, privilege)
);`,
  },
];

/** Given up before the switch: what stands in the ledger of it from then on is its archive. */
export const abandonedStep: LedgerStep = {
  number: 17,
  sql: `
ALTER TABLE headgate.migration DROP CONSTRAINT migration_state_check;
ALTER TABLE headgate.migration ADD CONSTRAINT migration_state_check
  CHECK (state IN ('new', 'copying', 'building', 'copied', 'streaming', 'ready', 'stopped', 'soaking', 'rolled_back', 'completed', 'abandoned'));`,
};
