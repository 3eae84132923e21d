/** What `status` says to do next. A command that an engine keeps from being run is named with that, so that nobody meets it unprepared. */
import { amending, recopying } from "../errors.js";
import { additionReason, isSchemaChange } from "../migration/schema-change.js";
import type { LedgerView, QuarantineRecord } from "../port.js";
import type { TellStatus } from "../serve/client.js";
import type { LastVerify } from "./last-verify.js";
import { stepsOn } from "./blocking-advice.js";
import type { NextStep } from "./output.js";
import { isSwitched, nightSteps } from "./status-night.js";

/** What the stream stands before, if anything. */
export function waiting({ quarantine }: LedgerView): QuarantineRecord | undefined {
  return quarantine.find(({ state }) => state === "kept");
}

/** Whether the log is followed. */
export function isLive({ state }: LedgerView): boolean {
  return state === "streaming" || state === "ready" || state === "rolled_back";
}

const givenUp = "it was abandoned; to begin anew give `migration:` another id in headgate.yaml first";

/** `engine` is null where none on this machine answers. */
export function nextOf(
  view: LedgerView,
  engine: Pick<TellStatus, "held" | "blocking"> | null,
  proven: LastVerify | null,
): readonly NextStep[] {
  const running = view.holder !== null;
  const first = waiting(view);
  if (first !== undefined && isLive(view)) return [decision(first, running)];
  if (isSwitched(view) && (engine === null || engine.held === "no")) return nightSteps(view);
  if (view.state === "abandoned")
    return view.phases.some(({ phase }) => phase === "archived")
      ? [{ why: givenUp, command: "headgate run" }]
      : [{ why: "what it had made is not dropped yet", command: "headgate abandon" }];
  if (running) {
    if (engine === null) return [];
    return engine.held === "no"
      ? stepsOn(engine.blocking)
      : [{ why: `the engine is ${engine.held}`, command: "headgate resume" }];
  }
  if (view.state === "copied")
    return [
      ...(proven === null ? [{ why: "no row has been compared yet", command: "headgate verify" }] : []),
      { why: "the copy is complete", command: "headgate report" },
      { why: "to apply what the source has written since", command: "headgate run" },
    ];
  if (isLive(view)) return [{ why: "the target is not followed any more", command: "headgate run" }];
  return [{ why: "the copy is not complete", command: "headgate run --until copied" }];
}

function decision({ event, table, reason }: QuarantineRecord, running: boolean): NextStep {
  const alone = running ? "; with no engine running, so stop this one first" : "";
  if (reason === additionReason)
    return { why: `the stream stands before DDL of ${table} that adds${alone}`, command: amending };
  if (isSchemaChange(reason))
    return {
      why: `the stream stands before DDL of ${table}; where the source has no such table any more, it has to be brought back first${alone}`,
      command: recopying(table),
    };
  if (reason === "divergence")
    return {
      why: `a row of ${table} is not as the source's log says it was${alone}`,
      command: recopying(table),
    };
  return {
    why: `the stream stands before ${event}; headgate ${running ? "resume" : "run"} tries it again, or leave it out`,
    command: `headgate skip --event '${event}' --reason REASON`,
  };
}
