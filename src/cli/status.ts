/**
 * `status`: one screen. Reads the ledger without a claim, so it answers beside a running engine and after a dead
 * one; it writes nothing and needs no source. An engine on this machine is asked for what only it knows: lag, pauses.
 */
import type { Journey } from "../cutover/journey.js";
import { isUnderWay } from "../cutover/machine.js";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { LedgerView, Target } from "../port.js";
import { engineClient } from "../serve/client.js";
import type { TellStatus } from "../serve/client.js";
import { clock, count } from "../watch/screen.js";
import { stepsOn } from "./blocking-advice.js";
import { heldBody, heldLines, holdsBack } from "./hold.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";
import { openMigration } from "./open.js";
import { journeyAt } from "./journey-at.js";
import { lastVerify } from "./last-verify.js";
import type { LastVerify } from "./last-verify.js";
import { isLive, nextOf, waiting } from "./status-next.js";
import { isAway, journalResult, journalSteps, journeyLines } from "./status-journal.js";
import { isSwitched, nightLines, soakLines } from "./status-night.js";
import {
  refusalLines,
  refusalsBody,
  waitsOnWayBack,
  wayBackDecision,
  wayBackRefusals,
} from "./status-back.js";
import { table } from "./table.js";
import { progressLine } from "./verify-progress.js";

export async function statusVerb(context: VerbContext): Promise<VerbResult> {
  await using migration = await openMigration(context);
  const journey = await journeyAt(migration.stateDirectory);
  let target: Target;
  let view: LedgerView | null;
  try {
    target = await migration.target();
    view = await target.view(migration.id);
  } catch (error) {
    if (journey.cutover === null || !isAway(error)) throw error;
    return journalResult(migration.id, journey, error);
  }
  if (view === null) {
    const nextSteps = [{ why: "nothing has run yet", command: "headgate run --until copied" }];
    return {
      exit: 0,
      nextSteps,
      body: {
        state: "new",
        since: null,
        position: { source: null, applied: null },
        lagSeconds: null,
        etaSeconds: null,
        tables: [],
        lastVerify: null,
        blocking: ["not-copied"],
        atFence: null,
      },
      human: [`${migration.id}: new; the target's ledger does not know it yet.`],
    };
  }
  const engine = await engineOf(migration.stateDirectory, view);
  const proven = lastVerify(await target.proof(migration.id));
  const back = await wayBackRefusals(context, migration, view);
  const undecided = waitsOnWayBack(back);
  return {
    exit: 0,
    nextSteps: [
      ...(undecided === undefined ? [] : [wayBackDecision(undecided)]),
      ...(isUnderWay(journey.state) && view.holder === null
        ? journalSteps(journey)
        : nextOf(view, engine, proven)),
    ],
    body: {
      ...bodyOf(view, engine, proven, journey),
      quarantine: [
        ...view.quarantine.map((each) => ({ direction: "forward", ...each })),
        ...refusalsBody(back),
      ],
      ...(undecided === undefined ? {} : { blocking: [...blocking(view, engine), "quarantine"] }),
    },
    human: [...screenOf(migration.id, view, engine, proven, journey), ...refusalLines(back)],
  };
}

/** What a live engine on this machine says of itself; null where none answers, which is no fault here. */
async function engineOf(directory: string, view: LedgerView): Promise<TellStatus | null> {
  if (view.holder === null) return null;
  try {
    const told = await engineClient(directory).status();
    return told.epoch === view.epoch ? told : null;
  } catch (error) {
    if (error instanceof Fault && ["no-engine", "file-refused"].includes(error.code)) return null;
    throw error;
  }
}

function bodyOf(
  view: LedgerView,
  engine: TellStatus | null,
  proven: LastVerify | null,
  journey: Journey,
): Record<string, unknown> {
  return {
    state: stateOf(view, journey),
    since: view.since,
    epoch: view.epoch,
    holder: view.holder,
    position: { source: engine?.sourcePosition ?? null, applied: appliedOf(view) },
    lagSeconds: engine?.lagSeconds ?? null,
    etaSeconds: etaOf(view),
    engine: engine === null ? null : { pid: engine.pid, held: engine.held, throttled: engine.throttled },
    tables: view.tables.map((t) => ({
      table: t.table,
      ranges: { done: t.rangesDone, held: t.rangesHeld, total: t.split ? t.ranges : null },
      rows: t.rows,
      bytes: t.bytes,
    })),
    lanes: view.lanes.map((lane) => ({ ...lane, stopped: stoppedOf(engine, lane.lane) })),
    ...(engine?.feed === undefined ? {} : { feed: engine.feed }),
    built: view.built.length,
    lastVerify: proven,
    verifying: engine?.verifying ?? null,
    held: heldBody(view),
    blocking: blocking(view, engine),
    atFence: engine?.atFence ?? null,
    night: view.night ?? null,
    triggers: engine?.triggers ?? null,
  };
}

/** A state that an engine left behind when it died is told as stopped: nobody works on it. */
function stateOf(view: LedgerView, { state }: Journey): string {
  // The ledger does not know it: there the steps of a cutover are no state.
  if (isUnderWay(state)) return state;
  const working = ["copying", "building", "streaming", "ready"].includes(view.state);
  return view.holder === null && working ? "stopped" : view.state;
}

/** Seconds until the ranges are copied at this engine's own pace so far; null where that says nothing. */
function etaOf({ state, pace, tables }: LedgerView): number | null {
  if (state !== "copying" || pace === null || pace.ranges === 0) return null;
  if (tables.some(({ split }) => !split)) return null;
  const open = tables.reduce((sum, t) => sum + t.ranges - t.rangesDone - t.rangesHeld, 0);
  return Math.round((open * pace.seconds) / pace.ranges);
}

/** By lane, as the connector spells it; null before the first batch of the log. */
function appliedOf({ lanes }: LedgerView): Readonly<Record<string, unknown>> | null {
  const known = lanes.filter(({ applied }) => applied !== null);
  return known.length === 0 ? null : Object.fromEntries(known.map(({ lane, applied }) => [lane, applied]));
}

function blocking(view: LedgerView, engine: TellStatus | null): string[] {
  if (engine !== null && isLive(view)) return engine.blocking;
  if (isSwitched(view) || view.state === "abandoned") return [view.state];
  if (waiting(view) !== undefined) return ["quarantine"];
  if (view.state === "ready" && view.holder !== null) return [];
  if (isLive(view)) return view.holder === null ? ["no-engine"] : ["catching-up"];
  if (view.state === "copied") return ["not-streaming"];
  return ["not-copied", ...(holdsBack(view) ? ["ranges-held"] : [])];
}

function screenOf(
  id: string,
  view: LedgerView,
  engine: TellStatus | null,
  proven: LastVerify | null,
  journey: Journey,
): string[] {
  const state = stateOf(view, journey);
  const done = view.tables.filter((t) => t.split && t.rangesDone === t.ranges);
  const rows = view.tables.reduce((sum, t) => sum + t.rows, 0);
  const held = view.holder;
  return [
    state === view.state
      ? `${id}: ${view.state} since ${view.since}`
      : `${id}: ${state}; the target has ${view.state}, from ${view.since} on`,
    held === null
      ? `engine   none runs; epoch ${view.epoch}`
      : `engine   ${held.host}, pid ${String(held.pid)}, since ${held.since}; epoch ${view.epoch}`,
    `tables   ${String(done.length)} of ${String(view.tables.length)} copied, ${count(rows)} rows; ${String(view.built.length)} statements built`,
    ...nightLines(view),
    ...journeyLines(journey),
    ...etaLines(view),
    ...lagLines(view, engine),
    `verified ${proven === null ? "never: headgate verify" : proven.sentence}`,
    readyLine(blocking(view, engine), engine?.atFence ?? []),
    ...stepsOn(blocking(view, engine)).map(({ why }) => `         ${why}`),
    "",
    ...table(
      ["table", "ranges", "rows", "MB"],
      view.tables.map((t) => [
        t.table,
        t.split ? `${String(t.rangesDone)} of ${String(t.ranges)}` : "not split yet",
        count(t.rows),
        (t.bytes / 1e6).toFixed(1),
      ]),
      [1, 2, 3],
    ),
    ...heldLines(view),
    ...view.quarantine
      .filter(({ state }) => state === "kept")
      .map(({ event, table: name, sentence }) => `waits    ${event}: ${name}: ${sentence}`),
  ];
}

function etaLines(view: LedgerView): string[] {
  if (view.state !== "copying" || view.holder === null) return [];
  const eta = etaOf(view);
  return [
    `left     about ${eta === null ? "?" : clock(eta)} until the rows are copied; keys and indexes follow`,
  ];
}

function lagLines(view: LedgerView, engine: TellStatus | null): string[] {
  if (isSwitched(view)) return [...standingLines(engine), ...soakLines(engine)];
  if (view.state === "abandoned") return [];
  if (!isLive(view)) return ["lag      none yet: the source's log is not applied", ...standingLines(engine)];
  const lag = engine?.lagSeconds ?? null;
  const lanes = view.lanes.map(({ lane, seq, applied }) => {
    const stopped = stoppedOf(engine, lane);
    const far = applied === null ? "nothing applied yet" : `up to ${positionText(applied)}`;
    return `lane     ${lane}: ${count(Number(seq))} batches, ${far}${stopped === null ? "" : `; it stands: ${stopped}`}`;
  });
  return [
    lag === null
      ? "lag      not known: no engine here tells it"
      : `lag      ${lag.toFixed(1)} s behind the source`,
    ...standingLines(engine),
    ...verifyingLines(engine),
    ...feedLines(engine),
    ...lanes,
  ];
}

/** Why a lane of the running engine goes no further; null where it does, or none tells. */
function stoppedOf(engine: TellStatus | null, name: string): string | null {
  return engine?.lanes?.find(({ lane }) => lane === name)?.stopped ?? null;
}

/** Why a running engine stands still, while it copies as well as while it follows. */
function standingLines(engine: TellStatus | null): string[] {
  if (engine === null) return [];
  return [
    ...(engine.held === "no" ? [] : [`held     ${engine.held}: headgate resume`]),
    ...(engine.throttled === null ? [] : [`waits    ${engine.throttled}`]),
  ];
}

/** How far a verification is, while one runs. */
function verifyingLines(engine: TellStatus | null): string[] {
  const line = progressLine(engine?.verifying ?? {});
  return line === null ? [] : [`verifies ${line.replace(/^verifying: /u, "")}`];
}

/** What came beside changes, where the feed is one that counts it. */
function feedLines(engine: TellStatus | null): string[] {
  const met = Object.entries(engine?.feed ?? {}).filter(([, times]) => times > 0);
  if (met.length === 0) return [];
  return [`feed     ${met.map(([what, times]) => `${what}: ${count(times)}`).join(", ")}`];
}

function positionText(position: Position): string {
  const place = position.kind === "file" ? `${position.file}:${position.offset}` : position.set;
  const cut = place.length > 120 ? `${place.slice(0, 117)}...` : place;
  const out = position.without?.length ?? 0;
  return out === 0 ? cut : `${cut}, without ${count(out)} that ${out === 1 ? "is" : "are"} prepared (XA)`;
}

function readyLine(codes: readonly string[], atFence: readonly string[]): string {
  const left = atFence.length === 0 ? "" : `; not proven yet, and left to the fence: ${atFence.join(", ")}`;
  return codes.length === 0
    ? `ready    yes: nothing is in the way${left}`
    : `ready    blocked by ${codes.join(", ")}${left}`;
}
