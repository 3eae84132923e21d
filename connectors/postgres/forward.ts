/**
 * The forward direction's right to write rows of the target, which ends the moment that applications may: a batch, a repair
 * or a table copied again would write over what they wrote. The lanes' rows say it (`closed`), since every batch holds its own.
 */
import { Fault } from "../../src/errors.js";
import type { Session } from "./connection.js";

export function laneClosed(lane: string | null): Fault {
  return new Fault(
    "lane-closed",
    `${lane === null ? "The forward lanes are" : `The lane ${lane} is`} closed: the target was opened to applications, and nothing of the source's log may be written to it.`,
    { facts: { lane } },
  );
}

/** Within a transaction that has proven the epoch, whose row who opens the target locks: so it stays true until this ends. */
export async function demandForward(session: Session, migration: string): Promise<void> {
  const { count } = await session.query(
    "SELECT FROM headgate.lane WHERE migration = $1 AND closed LIMIT 1",
    [migration],
    "asking whether the target is open",
  );
  if (count > 0) throw laneClosed(null);
}
