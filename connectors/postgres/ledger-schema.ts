/**
 * The ledger's tables, as numbered steps of SQL: our schema `headgate` in the target database. A step is never
 * edited once released; a change is a new number. The invariants that a database can hold are CHECKs here, so
 * that not even a bug of ours can write a done range without its row count (I7) or a join without a start (I1).
 * Table names in the ledger are the source's; `target` beside them is what stands in the plan's schema.
 */
import type { LedgerStep } from "./ledger-step.js";
import { wayBackSteps } from "./logical/schema.js";
import { abandonedStep, nightSteps } from "./night/schema.js";
import { proofSteps } from "./verify/schema.js";

export const ledgerSteps: readonly LedgerStep[] = [
  {
    number: 1,
    sql: `
CREATE TABLE headgate.migration (
  id text PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('new', 'copying', 'building', 'copied', 'stopped')),
  since timestamptz NOT NULL,
  fingerprint text NOT NULL,
  source_database text NOT NULL,
  target_schema text NOT NULL
);

-- The fencing token stands alone: every write holds its row FOR SHARE, so nothing else may need to update it.
CREATE TABLE headgate.epoch (
  migration text PRIMARY KEY REFERENCES headgate.migration,
  epoch bigint NOT NULL CHECK (epoch >= 0)
);

-- One row for each engine that ever held the claim.
CREATE TABLE headgate.engine (
  migration text NOT NULL REFERENCES headgate.migration,
  epoch bigint NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (migration, epoch)
);

-- Sessions that an engine opened; its successor ends those that are still there. pid and start name a session.
CREATE TABLE headgate.backend (
  migration text NOT NULL REFERENCES headgate.migration,
  epoch bigint NOT NULL,
  pid integer NOT NULL,
  started timestamptz NOT NULL,
  PRIMARY KEY (migration, pid, started)
);

CREATE TABLE headgate.lane (
  migration text NOT NULL REFERENCES headgate.migration,
  lane text NOT NULL,
  seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
  position json,
  epoch bigint NOT NULL,
  start_position json,
  start_marker text,
  join_position json,
  join_marker text,
  PRIMARY KEY (migration, lane),
  CHECK ((start_position IS NULL) = (start_marker IS NULL)),
  CHECK ((join_position IS NULL) = (join_marker IS NULL)),
  CHECK (join_marker IS NULL OR start_marker IS NOT NULL)
);

-- rank: the order in which tables are copied, biggest first. ranges: null until all bounds are recorded.
CREATE TABLE headgate.source_table (
  migration text NOT NULL REFERENCES headgate.migration,
  name text NOT NULL,
  target text NOT NULL,
  lane text NOT NULL,
  rank integer NOT NULL,
  ranges integer CHECK (ranges > 0),
  PRIMARY KEY (migration, name)
);

-- json, not jsonb: bounds are kept as they were written and never compared here.
CREATE TABLE headgate.range (
  migration text NOT NULL,
  table_name text NOT NULL,
  number integer NOT NULL CHECK (number >= 0),
  rank integer NOT NULL,
  lower json,
  upper json,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  rows bigint CHECK (rows >= 0),
  bytes bigint CHECK (bytes >= 0),
  policies json,
  position json,
  epoch bigint,
  done_at timestamptz,
  PRIMARY KEY (migration, table_name, number),
  FOREIGN KEY (migration, table_name) REFERENCES headgate.source_table,
  CHECK (CASE state WHEN 'done' THEN num_nulls(rows, bytes, policies, epoch, done_at) = 0
                    ELSE num_nonnulls(rows, bytes, policies, position, epoch, done_at) = 0 END)
);
CREATE INDEX range_open ON headgate.range (migration, rank, number) WHERE state = 'open';

-- relation: what the name meant when we built it, so that a table made by somebody else later is not ours.
CREATE TABLE headgate.built (
  migration text NOT NULL REFERENCES headgate.migration,
  name text NOT NULL,
  kind text NOT NULL,
  target text,
  relation oid,
  built_at timestamptz NOT NULL,
  PRIMARY KEY (migration, name)
);

CREATE TABLE headgate.phase (
  migration text NOT NULL REFERENCES headgate.migration,
  phase text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  facts json NOT NULL,
  PRIMARY KEY (migration, phase)
);`,
  },
  {
    number: 2,
    sql: `
-- Ranges that a run was told to leave alone; each run writes its own in place of those before.
CREATE TABLE headgate.hold (
  migration text NOT NULL REFERENCES headgate.migration,
  table_name text NOT NULL,
  first integer NOT NULL CHECK (first >= 0),
  last integer CHECK (last >= first),
  PRIMARY KEY (migration, table_name, first)
);`,
  },
  {
    number: 3,
    sql: `
-- The start marker's note as the source has it: a source without it is not the one that the copy began from.
ALTER TABLE headgate.lane ADD COLUMN start_note text;`,
  },
  {
    // Which server the rows come from: the rest of a migration must not be read from another one of the same name.
    number: 4,
    sql: "ALTER TABLE headgate.migration ADD COLUMN source_server text",
  },
  {
    number: 5,
    sql: `
ALTER TABLE headgate.migration DROP CONSTRAINT migration_state_check;
ALTER TABLE headgate.migration ADD CONSTRAINT migration_state_check
  CHECK (state IN ('new', 'copying', 'building', 'copied', 'streaming', 'ready', 'stopped'));`,
  },
  {
    number: 6,
    sql: `
-- What each applied batch touched, one row a table: tuples of the key's columns one after the other, as binary COPY
-- spells them. whole: too many, truncated, or a table without a key. Bytes that do not compress are kept as they are.
CREATE TABLE headgate.dirty (
  migration text NOT NULL,
  lane text NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  table_name text NOT NULL,
  keys bytea,
  whole boolean NOT NULL,
  position json NOT NULL,
  PRIMARY KEY (migration, lane, seq, table_name),
  CHECK (whole = (keys IS NULL))
);
ALTER TABLE headgate.dirty ALTER COLUMN keys SET STORAGE EXTERNAL;
-- Every batch updates it twice: room for the new versions beside the old ones.
ALTER TABLE headgate.lane SET (fillfactor = 50);
-- Applied batches have positions, and only they.
ALTER TABLE headgate.lane ADD CHECK (position IS NULL OR seq > 0);`,
  },
  {
    number: 7,
    sql: `
-- Changes that the target would not hold. What they hold themselves is in a file of its owner's; here is what became of
-- them. position: what the lane had applied when it stopped.
CREATE TABLE headgate.quarantine (
  migration text NOT NULL,
  event text NOT NULL,
  lane text NOT NULL,
  table_name text NOT NULL,
  position json,
  reason text NOT NULL,
  sentence text NOT NULL,
  kept_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'skipped', 'applied')),
  who text,
  why text,
  settled_at timestamptz,
  PRIMARY KEY (migration, event),
  CHECK ((state = 'kept') = (settled_at IS NULL)),
  CHECK (state <> 'skipped' OR (who IS NOT NULL AND why IS NOT NULL))
);`,
  },
  ...proofSteps,
  {
    number: 12,
    sql: `
-- Values that policies changed in the batches of a lane, counted in the batch's own transaction.
CREATE TABLE headgate.policy (
  migration text NOT NULL,
  lane text NOT NULL,
  object text NOT NULL,
  policy text NOT NULL,
  count bigint NOT NULL CHECK (count > 0),
  PRIMARY KEY (migration, lane, object, policy)
);`,
  },
  {
    // Of rows that are too many, that the source has the key or the row as well.
    number: 13,
    sql: "ALTER TABLE headgate.mismatch ADD COLUMN duplicate boolean NOT NULL DEFAULT false CHECK (NOT duplicate OR kind = 'extra')",
  },
  {
    number: 14,
    sql: `
-- Emptied to be copied again: from then on an exact cut copies it, whether its lane has joined or not.
ALTER TABLE headgate.source_table ADD COLUMN IF NOT EXISTS reopened boolean NOT NULL DEFAULT false;`,
  },
  ...nightSteps,
  ...wayBackSteps,
  abandonedStep,
];
