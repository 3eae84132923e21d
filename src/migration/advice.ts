/**
 * What to do about DDL that a lane stands before, as the source is by now. The log tells of one statement; where others
 * have followed it, the command that answers it alone would be refused.
 */
import { amending, Fault, recopying } from "../errors.js";
import type { Plan } from "../model.js";
import { amendment } from "./amend.js";
import { reshaping } from "./reshape.js";

/** More reasons are counted only. */
const mostTold = 5;

/** `table` is one that the statement names, `next` what answers the statement if nothing else has happened. */
export function adviceOn(made: Plan, now: Plan, table: string, next: string): string {
  const { refused } = reshaping(made, now);
  if (refused.length > 0) return `${changeBack(refused)} then ${next}; or begin a new migration.`;
  return next.startsWith(amending) && amendment(made, now).refused.length > 0 ? recopying(table) : next;
}

/** What no command takes in. */
export function changeBack(refused: readonly string[]): string {
  const more = refused.length - mostTold;
  const told = [...refused.slice(0, mostTold), ...(more > 0 ? [`And so ${String(more)} more.`] : [])];
  return `${told.join(" ")} Change that back at the source or in headgate.yaml (what is gone: RENAME TABLE, or CREATE TABLE as it was),`;
}

/** The same Fault, with what to do by now; as it was where the source cannot be asked, and then it says so. */
export async function advised(
  fault: Fault,
  { made, table, now }: { readonly made: Plan; readonly table: string; readonly now: () => Promise<Plan> },
): Promise<Fault> {
  const { facts } = fault;
  try {
    const next = adviceOn(made, await now(), table, fault.next);
    return next === fault.next ? fault : new Fault(fault.code, fault.message, { next, facts });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return new Fault(fault.code, fault.message, {
      next: fault.next,
      facts: { ...facts, unread: error.message },
      cause: error,
    });
  }
}
