/**
 * Copies of rows in a table without a key, found by reading all of it: before the lane's checkpoint is held, as no batch of
 * the lane could commit as long as that takes. Whoever takes rows away afterwards proves that nothing touched the table since.
 */
import type { Mending } from "../../../src/mend-port.js";
import type { Session } from "../connection.js";
import { scanSql } from "./mend-sql.js";
import type { TableShape } from "./shape.js";

/** Copies that one repair takes away; of more the rest is still on record after it. */
const mostSurplus = 200_000;

/** Where a row stands: its part of the table, and its place in that. */
export interface RowPlace {
  readonly part: string;
  readonly place: string;
}

/** By the rows' SHA-256 in hex; those that are not there are left out. */
export type ScannedCopies = ReadonlyMap<
  string,
  { readonly copies: number; readonly surplus: readonly RowPlace[] }
>;

export async function scanCopies(
  session: Session,
  shape: TableShape,
  rows: readonly Mending[],
): Promise<ScannedCopies> {
  const found = new Map<string, { readonly copies: number; readonly surplus: RowPlace[] }>();
  if (rows.length === 0) return found;
  const { rows: scanned } = await session.query(
    scanSql(shape),
    [
      rows.map(({ key }) => key.toString("hex")),
      rows.map(({ copies }) => copies),
      String(rows.length + mostSurplus),
    ],
    `looking for rows of ${shape.table.target}`,
  );
  for (const row of scanned) {
    const digest = row["digest"] ?? "";
    const known = found.get(digest) ?? { copies: Number(row["copies"]), surplus: [] };
    found.set(digest, known);
    if (row["surplus"] === "true") known.surplus.push({ part: row["part"] ?? "", place: row["place"] ?? "" });
  }
  return found;
}
