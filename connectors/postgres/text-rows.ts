/** Rows of texts through a cursor, a few thousand at a time, so that no result is ever held whole. */
import type { TextRow } from "../../src/port.js";
import { postgresName } from "../../src/safety/identifier.js";
import { throwIfStopped } from "../../src/stop.js";
import type { Session } from "./connection.js";

const rowsAtOnce = 2000;

export async function readTexts(
  session: Session,
  query: { readonly schema: string; readonly relation: string; readonly select: readonly string[] },
  onRow: TextRow,
  signal: AbortSignal,
): Promise<void> {
  const doing = `reading ${query.relation}`;
  const list = query.select.map((sql, place) => `${sql} AS c${String(place)}`).join(", ");
  const names = query.select.map((_, place) => `c${String(place)}`);
  await session.transaction(async () => {
    await session.query(
      `DECLARE headgate_rows NO SCROLL CURSOR FOR SELECT ${list} FROM ${postgresName(query.schema)}.${postgresName(query.relation)}`,
      undefined,
      doing,
    );
    for (;;) {
      throwIfStopped(signal);
      const { rows } = await session.query(
        `FETCH ${String(rowsAtOnce)} FROM headgate_rows`,
        undefined,
        doing,
      );
      for (const row of rows) onRow(names.map((name) => row[name] ?? null));
      if (rows.length < rowsAtOnce) return;
    }
  }, doing);
}
