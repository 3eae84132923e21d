/**
 * When what the log holds can be read. With semi-synchronous replication a commit is in the log before a SELECT sees it
 * (design.md, decision 10): MySQL says when by its GTIDs. Elsewhere transactions become visible in the log's order, so a
 * commit of our own that has returned has everything before it in view.
 */
import { Fault } from "../../src/errors.js";
import type { Position } from "../../src/model.js";
import type { Connection } from "./connection.js";

/** Seconds that one question waits; asked again until the signal ends it. */
const patience = 1;

/** Resolves with true once reads show `position`; false at once where the server has no such question and a commit has to answer it. */
export async function shows(
  connection: Connection,
  position: Position,
  signal: AbortSignal,
): Promise<boolean> {
  if (position.kind !== "gtid" || connection.engine !== "mysql" || !canTell(connection.version)) return false;
  for (;;) {
    const [row] = await connection.query(
      "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)",
      [position.set, patience],
      signal,
    );
    if (row?.[0] === "0") return true;
    if (row?.[0] !== "1")
      throw new Fault("source-refused", "The source did not say whether a position can be read already.");
    signal.throwIfAborted();
  }
}

/** 5.6 has no such function, and shows a commit before it asks its replicas about it. */
function canTell(version: string): boolean {
  return !/^5\.[0-6]\./u.test(version);
}
