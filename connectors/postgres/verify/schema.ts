/**
 * The ledger's tables of verification and repair, as steps of ledger-schema.ts: what was compared, which rows differ, how
 * each table stands, and which rows were repaired.
 */
import type { LedgerStep } from "../ledger-step.js";

export const proofSteps: readonly LedgerStep[] = [
  {
    number: 8,
    sql: `
-- One comparing of both sides, from its first range to its last settled suspect; it goes on where it was killed. Of the
-- same migration one at a time is open: another one that begins gives it up.
CREATE TABLE headgate.verification (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration text NOT NULL REFERENCES headgate.migration,
  scope json NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended', 'given up')),
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  facts json,
  UNIQUE (migration, id),
  CHECK ((state = 'open') = (ended_at IS NULL)),
  CHECK ((state = 'ended') = (facts IS NOT NULL))
);
CREATE UNIQUE INDEX verification_open ON headgate.verification (migration) WHERE state = 'open';

-- Its ranges. seq: the lane's checkpoint in the target's view; what was found is true as of it. A range that was read in
-- no one order has no digest.
CREATE TABLE headgate.verified_range (
  migration text NOT NULL,
  verification bigint NOT NULL,
  table_name text NOT NULL,
  number integer NOT NULL CHECK (number >= 0),
  lower json,
  upper json,
  rows_source bigint CHECK (rows_source >= 0),
  rows_target bigint CHECK (rows_target >= 0),
  bytes bigint CHECK (bytes >= 0),
  seq bigint CHECK (seq >= 0),
  position json,
  digest text CHECK (digest ~ '^[0-9a-f]{64}$'),
  method text CHECK (method IN ('stream', 'keys', 'multiset', 'digest')),
  seconds double precision CHECK (seconds >= 0),
  proven_at timestamptz,
  PRIMARY KEY (migration, verification, table_name, number),
  FOREIGN KEY (migration, verification) REFERENCES headgate.verification (migration, id),
  FOREIGN KEY (migration, table_name) REFERENCES headgate.source_table ON DELETE CASCADE,
  CHECK (CASE WHEN proven_at IS NULL THEN num_nonnulls(rows_source, rows_target, bytes, seq, position, digest, method, seconds) = 0
              ELSE num_nulls(rows_source, rows_target, bytes, seq, method, seconds) = 0 END),
  CHECK (position IS NULL OR seq > 0)
);

-- Rows that were not the same on both sides when they were looked at. key: the key's tuple; of a table without a key the
-- row's SHA-256. Keys may be longer than an index entry, so it is their digest that is unique.
CREATE TABLE headgate.mismatch (
  migration text NOT NULL,
  table_name text NOT NULL,
  key bytea NOT NULL,
  digest bytea GENERATED ALWAYS AS (sha256(key)) STORED,
  kind text NOT NULL CHECK (kind IN ('missing', 'extra', 'different')),
  columns json NOT NULL,
  copies integer NOT NULL CHECK (copies > 0),
  state text NOT NULL CHECK (state IN ('suspect', 'different', 'pending')),
  verification bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (migration, table_name, digest),
  FOREIGN KEY (migration, verification) REFERENCES headgate.verification (migration, id),
  FOREIGN KEY (migration, table_name) REFERENCES headgate.source_table ON DELETE CASCADE,
  CHECK (kind = 'different' OR json_array_length(columns) = 0)
);
CREATE INDEX mismatch_key ON headgate.mismatch (migration, table_name, substring(key FROM 1 FOR 1000));

-- How a table stands: every key that no event touched after seq was found equal at or before it, or is in mismatch.
CREATE TABLE headgate.table_proof (
  migration text NOT NULL,
  table_name text NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0),
  position json,
  at timestamptz NOT NULL,
  rows_source bigint NOT NULL CHECK (rows_source >= 0),
  rows_target bigint NOT NULL CHECK (rows_target >= 0),
  ranges integer NOT NULL CHECK (ranges > 0),
  method text NOT NULL CHECK (method IN ('stream', 'keys', 'multiset', 'digest')),
  PRIMARY KEY (migration, table_name),
  FOREIGN KEY (migration, table_name) REFERENCES headgate.source_table ON DELETE CASCADE,
  CHECK (position IS NULL OR seq > 0)
);`,
  },
  {
    number: 9,
    sql: `
-- Rows that were repaired, one row each: by which verification's word, where the lane stood, and the SHA-256 of the
-- whole row's tuple on the target before and after. act: the transaction.
CREATE TABLE headgate.repair (
  migration text NOT NULL REFERENCES headgate.migration,
  id bigint GENERATED ALWAYS AS IDENTITY,
  act text NOT NULL,
  run text NOT NULL,
  lane text NOT NULL,
  seq bigint NOT NULL,
  position json,
  table_name text NOT NULL,
  key bytea NOT NULL,
  did text NOT NULL CHECK (did IN ('inserted', 'updated', 'deleted')),
  copies integer NOT NULL CHECK (copies > 0),
  before bytea,
  after bytea,
  epoch bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (migration, id),
  CHECK (num_nonnulls(before, after) > 0)
);`,
  },
  {
    number: 10,
    sql: `
-- Another scope's verification no longer gives up one that is open: each goes on where it was stopped. Of one scope one
-- is open.
DROP INDEX headgate.verification_open;
CREATE UNIQUE INDEX verification_open ON headgate.verification (migration, md5(scope::text)) WHERE state = 'open';`,
  },
  {
    number: 11,
    sql: `
-- The oldest look of the last comparison of the whole table, which rows_source to method are of: what events touched is
-- compared after it, and moves seq, position and at. Of comparisons before this step it is not known.
ALTER TABLE headgate.table_proof
  ADD COLUMN whole_seq bigint CHECK (whole_seq >= 0),
  ADD COLUMN whole_position json,
  ADD COLUMN whole_at timestamptz,
  ADD CHECK (num_nulls(whole_seq, whole_at) IN (0, 2)),
  ADD CHECK (whole_position IS NULL OR whole_seq > 0);`,
  },
];
