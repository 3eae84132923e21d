/**
 * Worker slots of one source host, counted across processes: a slot is a named lock of the source's own, held
 * by the very connection that reads. A worker that dies gives its slot back with its session, and nothing else
 * has to notice. Two per host is the default; a database host that serves people is not ours to fill.
 */
import { Fault } from "../../src/errors.js";
import type { Wire } from "./wire/wire.js";

/** Any session that can ask. */
type Session = Pick<Wire, "select">;

/** Takes the first free of `slots` worker slots; null when all are taken. */
export async function takeSlot(wire: Session, slots: number): Promise<string | null> {
  for (let number = 1; number <= slots; number++) {
    const name = `headgate.worker.${number}`;
    const rows = await wire.select({ sql: "SELECT CAST(GET_LOCK(?, 0) AS CHAR)", params: [name] });
    const got = rows[0]?.[0];
    if (got === "1") return name;
    if (got !== "0") throw new Fault("source-refused", `The source could not say whether ${name} is taken.`);
  }
  return null;
}

/** Gives a slot back; the next worker can have it when this resolves. */
export async function releaseSlot(wire: Session, name: string): Promise<void> {
  await wire.select({ sql: "SELECT CAST(RELEASE_LOCK(?) AS CHAR)", params: [name] });
}
