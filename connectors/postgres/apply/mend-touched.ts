/** Which rows of a repair events have touched since they were read, by the keys that each batch has left in the ledger. */
import type { MendRequest } from "../../../src/mend-port.js";
import type { Session } from "../connection.js";
import type { Claim } from "../epoch.js";
import { keyRun } from "../key-run.js";

export interface Touched {
  has(key: Buffer): boolean;
}

/** To be asked while the lane's checkpoint is held. */
export async function touchedSince(
  session: Session,
  { migration }: Claim,
  { table, since, rows }: MendRequest,
): Promise<Touched> {
  const wanted = new Set(rows.map(({ key }) => key.toString("latin1")));
  const touched = new Set<string>();
  const all: Touched = { has: () => true };
  const { rows: batches } = await session.query(
    `SELECT seq::text AS seq, whole::text AS whole FROM headgate.dirty
      WHERE migration = $1 AND lane = $2 AND table_name = $3 AND seq > $4 ORDER BY seq`,
    [migration, table.lane, table.source, String(since)],
    "looking for what was touched",
  );
  // A table without a key has no keys to be told apart by.
  if (batches.some((batch) => batch["whole"] === "true") || (table.key === null && batches.length > 0))
    return all;
  // One batch's keys at a time: they may be many.
  for (const batch of batches) {
    const { rows: found } = await session.query(
      `SELECT encode(keys, 'hex') AS keys FROM headgate.dirty
        WHERE migration = $1 AND lane = $2 AND table_name = $3 AND seq = $4`,
      [migration, table.lane, table.source, batch["seq"] ?? ""],
      "looking for what was touched",
    );
    const bytes = Buffer.from(found[0]?.["keys"] ?? "", "hex");
    for (const key of keyRun(bytes)) if (wanted.has(key)) touched.add(key);
  }
  return { has: (key) => touched.has(key.toString("latin1")) };
}
