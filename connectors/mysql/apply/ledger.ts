/**
 * The way back's ledger on the source (cutover-port.ts): one row a migration says how far the target's log is written
 * here, and under whose epoch. Everything but the lane runs on short sessions of its own, so that nothing is held open
 * while nothing happens.
 */
import type { ReverseLedger } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { Connection } from "../connection.js";
import { alone } from "../own-database.js";
import { MysqlLane } from "./lane.js";
import { dropRows } from "./leaving.js";
import type { ReverseOptions } from "./moments.js";
import { createRefused, keepRefused, leaveOut, readRefused } from "./refused.js";
import { createTables, epochLost, haveTables, laneTable, readLane } from "./schema.js";
import { endHolder, lockName } from "./session.js";
import { readTouched } from "./touched.js";

/** Of one migration. */
export function reverseLedger(options: ReverseOptions, migration: string): ReverseLedger {
  return {
    prepare: async (plan) => {
      await using connection = await Connection.open(options);
      // With its row in it, it is nobody else's to drop.
      await alone(connection, async () => {
        await createTables(connection);
        await createRefused(connection);
        if ((await readLane(connection, plan.migration)) !== null) return;
        await connection.query(
          `INSERT INTO ${laneTable} (migration, seq, position, epoch) VALUES (?, 0, NULL, 0)`,
          [plan.migration],
        );
      });
    },
    claim: (plan, epoch) => claim(options, plan, BigInt(epoch)),
    lane: (plan, epoch) => MysqlLane.open(options, plan, BigInt(epoch)),
    checkpoint: async (which) => {
      await using connection = await Connection.open(options);
      if (!(await haveTables(connection))) return null;
      const row = await readLane(connection, which);
      return row === null ? null : { seq: row.seq, position: row.position };
    },
    passed: async (which, epoch, seq, position) => {
      await using connection = await Connection.open(options);
      const { rows } = await connection.write(
        `UPDATE ${laneTable} SET position = ? WHERE migration = ? AND epoch = CAST(? AS UNSIGNED) AND seq = CAST(? AS UNSIGNED)`,
        [JSON.stringify(position), which, epoch, String(seq)],
      );
      if (rows !== 1) throw epochLost(which, BigInt(epoch));
    },
    touched: (table, after, upTo, onBatch, signal) =>
      readTouched({ options, migration }, table, { after, upTo }, onBatch, signal),
    beginAnew: async (which, seq) => {
      await using connection = await Connection.open(options);
      await connection.write(
        `UPDATE ${laneTable} SET position = NULL WHERE migration = ? AND seq = CAST(? AS UNSIGNED)`,
        [which, String(seq)],
      );
    },
    quarantine: async (which, change) => {
      await using connection = await Connection.open(options);
      await keepRefused(connection, which, change);
    },
    quarantined: async (which) => {
      await using connection = await Connection.open(options);
      return await readRefused(connection, which);
    },
    leaveOut: async (which, epoch, event, decision) => {
      await using connection = await Connection.open(options);
      return await leaveOut(connection, which, BigInt(epoch), event, decision);
    },
    drop: async (which) => {
      await using connection = await Connection.open(options);
      await alone(connection, () => dropRows(connection, which));
    },
  };
}

async function claim(options: ReverseOptions, { migration }: Plan, epoch: bigint): Promise<void> {
  await using connection = await Connection.open(options);
  const row = await readLane(connection, migration);
  if (row === null)
    throw new Fault("ledger-mismatch", `The source has no way back of ${migration} to be claimed.`);
  if (row.epoch > epoch) throw epochLost(migration, epoch);
  // Its open batch holds the row that is to be changed.
  if (row.epoch < epoch) await endHolder(connection, lockName(migration));
  const { rows } = await connection.write(
    `UPDATE ${laneTable} SET epoch = ? WHERE migration = ? AND epoch <= ?`,
    [String(epoch), migration, String(epoch)],
  );
  if (rows !== 1) throw epochLost(migration, epoch);
}
