/** The night on the screen of `status`, as the target's ledger and a living engine have it; the journal's is status-journal.ts's. */
import type { LedgerView } from "../port.js";
import type { TellStatus } from "../serve/client.js";
import type { NextStep } from "./output.js";

/** The target is open, or the source is no longer written to for good. */
export function isSwitched({ state }: Pick<LedgerView, "state">): boolean {
  return state === "soaking" || state === "completed";
}

export function nightLines({ night, state }: Pick<LedgerView, "night" | "state">): string[] {
  if (night === null || night === undefined) return [];
  const last = night.journal.at(-1);
  const lanes = night.lanesClosed
    ? "the target is open, and nothing of the source's log is written to it"
    : state === "rolled_back"
      ? "rolled back, and the source's log is followed again"
      : "the target is not open";
  return [
    `cutover  ${night.cutover ?? last?.cutover ?? "none"}: ${lanes}`,
    ...(last === undefined ? [] : [`journal  ${last.cutover}: ${last.step} ${last.phase}, ${last.at}`]),
  ];
}

/** What a living engine knows of the soak: how far the way back is behind, and what its triggers read. */
export function soakLines(engine: Pick<TellStatus, "lagSeconds" | "triggers"> | null): string[] {
  if (engine === null) return [];
  const { lagSeconds, triggers = [] } = engine;
  return [
    `way back ${lagSeconds === null ? "not known how far behind" : `${lagSeconds.toFixed(1)} s behind the target`}`,
    ...triggers.map(({ trigger, state, sentence }) => `trigger  ${trigger}: ${state}: ${sentence}`),
  ];
}

/** What there is to do once the target is open. */
export function nightSteps({ state, holder }: Pick<LedgerView, "state" | "holder">): NextStep[] {
  if (state === "completed") return [{ why: "the migration is completed", command: "headgate report" }];
  return [
    ...(holder === null
      ? [
          {
            why: "what the target is written is not brought to the source while no engine runs",
            command: "headgate run",
          },
        ]
      : []),
    { why: "to go back to the source", command: "headgate rollback" },
    { why: "to stay on the target for good", command: "headgate complete" },
  ];
}
