/**
 * Rows that are to be repaired, as the source has them now. By key, as many as one transaction may hold; of a table without
 * a key the whole table is read for the rows that are wanted, as they have no other name than what they hold. A row that
 * no policy lets through is nobody's to write: it is left as it is, and said.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { RowReader } from "../port.js";
import { withSlot } from "../safety/slot.js";
import type { Mending } from "../mend-port.js";
import type { PolicyUse, RepairRow, RepairRows } from "./repair-rows.js";
import type { VerifyTools } from "./tools.js";

export interface ReadRow extends Omit<Mending, "run"> {
  readonly policies: readonly PolicyUse[];
}

export interface ReadRows {
  /** How many of the keys these are all about. */
  readonly taken: number;
  readonly found: readonly ReadRow[];
  /** Why rows are left, a sentence each. */
  readonly refused: readonly string[];
}

/** Bytes of rows in one transaction, and keys of one query. */
const pageBytes = 33_554_432;
const readKeys = 1_000;

export async function readForRepair(
  tools: VerifyTools,
  rows: RepairRows,
  table: PlanTable,
  keys: readonly Buffer[],
  signal: AbortSignal,
): Promise<ReadRows> {
  const reading = { tools, rows, signal };
  return table.key === null ? await copies(reading, keys) : await byKeys(reading, keys);
}

const leftAlone = "No policy lets it through, so the row is left as it is.";

interface Reading {
  readonly tools: VerifyTools;
  readonly rows: RepairRows;
  readonly signal: AbortSignal;
}

async function byKeys(reading: Reading, keys: readonly Buffer[]): Promise<ReadRows> {
  const found = new Map<string, ReadRow>();
  const refused: string[] = [];
  let [taken, bytes] = [0, 0];
  while (taken < keys.length && bytes < pageBytes) {
    const some = keys.slice(taken, taken + readKeys);
    for (const row of await someKeys(reading, some, refused)) {
      bytes += row.row?.length ?? 0;
      found.set(row.key.toString("latin1"), row);
    }
    taken += some.length;
  }
  return { taken, found: [...found.values()], refused };
}

/** One of many that is refused ends the reading of all: so they are halved until it is alone. */
async function someKeys(
  reading: Reading,
  keys: readonly Buffer[],
  refused: string[],
): Promise<readonly ReadRow[]> {
  const found = new Map<string, ReadRow>(
    keys.map((key) => [key.toString("latin1"), { key, row: null, copies: 0, policies: [] }]),
  );
  // The source may hold one key equal to another by its collation: what comes is a row of its own key.
  const keep = ({ key, tuple, policies }: RepairRow): void => {
    found.set(key, { key: Buffer.from(key, "latin1"), row: tuple, copies: 1, policies });
  };
  try {
    await reader(reading, (from) => reading.rows.byKeys(from, keys, keep, reading.signal));
    return [...found.values()];
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "value-refused") throw error;
    if (keys.length === 1) {
      refused.push(`${error.message} ${leftAlone}`);
      return [];
    }
  }
  const half = Math.ceil(keys.length / 2);
  return [
    ...(await someKeys(reading, keys.slice(0, half), refused)),
    ...(await someKeys(reading, keys.slice(half), refused)),
  ];
}

async function copies(reading: Reading, keys: readonly Buffer[]): Promise<ReadRows> {
  const found = new Map<string, { key: Buffer; row: Buffer | null; copies: number; policies: PolicyUse[] }>(
    keys.map((key) => [key.toString("latin1"), { key, row: null, copies: 0, policies: [] }]),
  );
  const refused = new Map<string, string>();
  const count = ({ key, tuple, policies, refused: why }: RepairRow): void => {
    const row = found.get(key);
    if (row === undefined) return;
    if (why !== null) {
      refused.set(key, `row ${row.key.toString("hex")}: ${why} ${leftAlone}`);
      return;
    }
    row.row = tuple;
    row.copies += 1;
    row.policies.push(...policies);
  };
  await reader(reading, (from) => reading.rows.all(from, count, reading.signal));
  // Such a name is of no row on the target: there is nothing to take away.
  for (const key of refused.keys()) found.delete(key);
  return { taken: keys.length, found: [...found.values()], refused: [...refused.values()] };
}

/** A view of its own. What failed half-way may still hold unread rows, and is closed with it. */
async function reader({ tools, signal }: Reading, act: (reader: RowReader) => Promise<void>): Promise<void> {
  await using from = await withSlot(tools, "source", (slots) => tools.source.reader(slots), signal);
  await act(from);
}
