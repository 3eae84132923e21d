/**
 * The parts in which a table is looked at. Mostly it is one part, the table itself. A sample takes the same number of
 * rows from the beginning of each of a hundred ranges of the key, so that old rows and new ones are in it; a
 * throttled look goes range by range, so that it can wait between them. A part stands in FROM where a table would.
 */
import type { PlanTable, Range } from "../../src/model.js";
import type { ProfileOptions, Sample } from "../../src/port.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { MysqlOptions } from "./connection.js";
import { between, keyShape } from "./key.js";
import { openReading } from "./read.js";
import { splitTable } from "./split.js";

export interface Piece {
  /** What stands in FROM, without a name for it. */
  readonly from: string;
  readonly params: readonly string[];
}

export interface Pieces {
  readonly list: readonly Piece[];
  /** Rows that are looked at where that is not all of them. */
  readonly sampled: number | null;
}

/** How one table is asked about. */
export interface TableOptions extends Pick<ProfileOptions, "tables" | "showValues" | "pause"> {
  readonly pieces: Pieces;
  readonly signal: AbortSignal | undefined;
}

/** Ranges that a sample is taken from. */
const spread = 100;
/** Rows between two looks at how the server bears it. */
const throttledRows = 100_000;

/** How a table is looked at: whole, in a sample, or range by range. */
export async function piecesOf(
  options: MysqlOptions,
  table: PlanTable,
  how: { readonly sample: Sample | null; readonly byRange: boolean; readonly signal: AbortSignal },
): Promise<Pieces> {
  const whole: Pieces = { list: [{ from: mysqlName(table.source), params: [] }], sampled: null };
  const rows = how.sample === null ? null : sampleRows(how.sample, table.estimatedRows);
  if (rows !== null) return { list: await sampledPieces(options, table, rows, how.signal), sampled: rows };
  if (!how.byRange || table.estimatedRows <= throttledRows * 2) return whole;
  return { list: await ranged(options, table, throttledRows, null, how.signal), sampled: null };
}

/** All pieces as one, for what two of them may have a part in: over the whole table, or over the whole sample. */
export function togetherOf(table: PlanTable, { list, sampled }: Pieces): Piece {
  if (sampled === null) return { from: mysqlName(table.source), params: [] };
  const parts = list.map(({ from }) => `(SELECT * FROM ${from} AS part)`);
  return { from: `(${parts.join(" UNION ALL ")})`, params: list.flatMap(({ params }) => params) };
}

/** Rows to look at; null where the table is so small that all of them are. */
function sampleRows(sample: Sample, estimated: number): number | null {
  // A percentage of a small table proves nothing and saves nothing.
  const wanted =
    "rows" in sample ? sample.rows : Math.max(10_000, Math.ceil((estimated * sample.percent) / 100));
  return wanted >= estimated ? null : wanted;
}

async function sampledPieces(
  options: MysqlOptions,
  table: PlanTable,
  rows: number,
  signal: AbortSignal,
): Promise<readonly Piece[]> {
  const each = Math.max(1, Math.ceil(rows / spread));
  const rangeRows = Math.max(each, Math.ceil(table.estimatedRows / spread));
  return await ranged(options, table, rangeRows, each, signal);
}

/** One piece a range; with a limit only so many rows of each. */
async function ranged(
  options: MysqlOptions,
  table: PlanTable,
  rangeRows: number,
  limit: number | null,
  signal: AbortSignal,
): Promise<readonly Piece[]> {
  const columns = table.columns.map(({ source }) => mysqlName(source)).join(", ");
  const piece = (forced: string, where: string, params: readonly string[], most: number | null): Piece => ({
    from: `(SELECT ${columns} FROM ${mysqlName(table.source)}${forced}${where}${most === null ? "" : ` LIMIT ${String(most)}`})`,
    params,
  });
  const rows = limit === null ? null : limit * spread;
  if (table.key === null) return [piece("", "", [], rows)];
  await using wire = await openReading(options);
  const shape = await keyShape(wire, table.source, table.key);
  if (shape === null) return [piece("", "", [], rows)];
  const forced = ` FORCE INDEX (${mysqlName(shape.index)})`;
  const list: Piece[] = [];
  for await (const { lower, upper } of splitTable(wire, table, rangeRows, signal) as AsyncIterable<Range>) {
    const where = between(shape, lower, upper);
    list.push(piece(forced, where === null ? "" : ` WHERE ${where.sql}`, where?.params ?? [], limit));
  }
  return list;
}
