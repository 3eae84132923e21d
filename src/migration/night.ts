/**
 * A night over real servers: what the steps of a cutover act upon (src/cutover/night.ts), made of the connectors' parts, the
 * streams of the engine that runs, and the hooks. Whatever belongs to the target is asked for when it is needed: the way back
 * before the decision must not wait for a target that is dead.
 */
import type { HookFacts, HookName, Hooks } from "../cutover/hook.js";
import type { Forward, Night, OpenNight, Reverse } from "../cutover/night.js";
import type { JournalEntry, NightLedger, Note, SourceNight, TargetNight } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";

export interface TargetParts {
  readonly night: TargetNight;
  readonly ledger: NightLedger;
  readonly cut: () => Promise<void>;
}

export interface NightParts {
  readonly plan: Plan;
  readonly source: SourceNight;
  /** null: only the way back before the decision is walked, which needs no target. */
  readonly target: TargetParts | null;
  /** `cutover.open.roles`. */
  readonly roles: readonly string[];
  /** null as `target`. */
  readonly forward: Forward | null;
  readonly reverse: Reverse | null;
  readonly hooks: Pick<Hooks, "run">;
  /** End the sessions that have transactions open when the fence is raised, instead of waiting for them. */
  readonly endTransactions: boolean;
  /** Called right before the target opens: the forward stream is to begin nothing more. */
  readonly onOpening: () => void;
  /** What hooks are told beside the facts of their step. */
  readonly facts: HookFacts;
}

/** Entries go to the ledger once in an engine's life. */
export function nightOf(parts: NightParts): OpenNight {
  const { plan, source, hooks, facts } = parts;
  let mirrored = 0;
  const target = (): TargetParts => {
    if (parts.target === null)
      throw new Fault(
        "switch-unfinished",
        "The target is needed for this, and no engine has claimed it here.",
        {
          next: "headgate run",
        },
      );
    return parts.target;
  };
  const stop = new AbortController().signal;
  return (cutover): Night => ({
    cutover,
    source: {
      findings: async () => [...(await source.fence.findings()), ...(await source.findings(plan))],
      fenceNote: () => source.fence.note(),
      fenceState: (note) => source.fence.state(note),
      raise: (note, onWaiting, signal) =>
        source.fence.raise(note, { endTransactions: parts.endTransactions, onWaiting, signal }),
      lower: (note) => source.fence.lower(note),
      begin: () => source.decision.begin(cutover),
      decision: () => source.decision.read(cutover),
      decide: (to) => source.decision.decide(cutover, to),
      triggers: () => source.triggers(plan),
      dropTriggers: (note) => source.dropTriggers(note),
      createTriggers: (note) => source.createTriggers(note),
      sequences: () => source.sequences(plan),
      pastKeys: (given, sequences) => source.pastKeys(plan, given, sequences),
      cameHome: async () => (await source.wayBack.checkpoint(plan.migration))?.position ?? null,
      until: (signal) => source.until(signal),
    },
    target: {
      findings: async () => [
        ...(await target().night.fence.findings()),
        ...(await target().night.findings(plan)),
      ],
      strangers: async () =>
        (await target().night.findings(plan))
          .filter(({ code }) => code === "target-open" || code === "target-subscription")
          .map(({ sentence, fix }) => `${sentence} ${fix}`),
      note: () => target().night.fence.note(),
      state: (note) => target().night.fence.state(note),
      shut: (note: Note, signal) =>
        target().night.fence.raise(note, { endTransactions: true, onWaiting: () => undefined, signal }),
      pastKeys: (sequences) => target().ledger.pastKeys(plan, sequences),
      sequences: () => target().ledger.sequences(plan),
      givenKeys: () => target().ledger.givenKeys(plan),
      open: async () => {
        parts.onOpening();
        await target().ledger.openTarget(cutover, parts.roles);
      },
      cut: () => target().cut(),
      lanesClosed: () => target().ledger.lanesClosed(),
    },
    forward: parts.forward ?? {
      drain: async () => missing(),
      prove: async () => missing(),
      reopen: async () => missing(),
    },
    reverse: parts.reverse,
    hook: async (name: HookName, more, signal) => {
      await hooks.run(name, { ...facts, ...more }, name === "after-rollback" ? stop : signal);
    },
    mirror: async (entries: readonly JournalEntry[]) => {
      if (parts.target === null) return;
      await target().ledger.journal(entries.slice(mirrored));
      mirrored = entries.length;
    },
  });
}

function missing(): never {
  throw new Fault("switch-unfinished", "The stream is needed for this, and no engine runs it here.", {
    next: "headgate run",
  });
}
