/**
 * What the verbs that steer a running engine share: find it, say what it answered. With none on this machine the
 * ledger is asked whether one runs elsewhere, because "nothing runs" would be a dangerous thing to get wrong.
 */
import { hostname } from "node:os";
import { Fault } from "../errors.js";
import { engineClient } from "../serve/client.js";
import type { EngineClient, TellStatus } from "../serve/client.js";
import { clock } from "../watch/screen.js";
import type { OpenMigration } from "./open.js";
import { openMigration } from "./open.js";
import type { VerbContext } from "./verb.js";

export interface SteerFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Runs `act` with the engine of the migration that -c names. */
export async function withEngine<T>(
  context: VerbContext,
  act: (engine: EngineClient, migration: OpenMigration) => Promise<T>,
): Promise<T> {
  await using migration = await openMigration(context);
  try {
    return await act(engineClient(migration.stateDirectory), migration);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-engine") throw error;
    throw await whereElse(error, migration);
  }
}

/** The same fault, with what the ledger knows of an engine somewhere else. */
async function whereElse(fault: Fault, migration: OpenMigration): Promise<Fault> {
  const holder = await holderOf(migration);
  if (typeof holder === "string")
    return new Fault("no-engine", `${fault.message} Whether one runs elsewhere is not known: ${holder}`, {
      next: fault.next,
      cause: fault,
    });
  if (holder === null) return fault;
  const here = holder.host === hostname();
  return new Fault(
    "no-engine",
    here
      ? `${fault.message} The ledger names process ${String(holder.pid)} of this machine as its engine since ${holder.since}: it was started from another folder, or is not able to answer.`
      : `${fault.message} The ledger names ${holder.host}, process ${String(holder.pid)}, as its engine since ${holder.since}: steer it from there.`,
    { next: "headgate status", cause: fault },
  );
}

/** Who holds the claim; null for nobody; a sentence where the target does not tell. */
async function holderOf(
  migration: OpenMigration,
): Promise<{ readonly host: string; readonly pid: number; readonly since: string } | string | null> {
  try {
    const target = await migration.target();
    return (await target.view(migration.id))?.holder ?? null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message;
  }
}

/** The fields that every one of these verbs prints. */
export function steered(status: TellStatus): Readonly<Record<string, unknown>> {
  const { state, held, throttled, lagSeconds, retentionSeconds, pid, epoch } = status;
  return { state, held, throttled, lagSeconds, retentionSeconds, engine: { pid, epoch } };
}

/** How long a paused engine can stay so, as a sentence; none where the source does not tell. */
export function deadline({ retentionSeconds }: TellStatus): readonly string[] {
  return retentionSeconds === null
    ? ["How long the source keeps its log cannot be told here: see its binlog expiry."]
    : [
        `The source keeps the log that is needed next for ${clock(retentionSeconds)} more: resume before that.`,
      ];
}
