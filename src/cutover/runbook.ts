/**
 * The night's runbook, of one plan's facts: who, when, each step with its command, what it prints, how long it took at the last
 * rehearsal, when to give up and how to go back; then what to do at each exit code. Pure, and of nothing that needs a
 * server: it has to be readable when they are down. What nobody measured says so, and a figure is never made up.
 */
import { exits } from "../errors.js";
import type { ExitCode } from "../errors.js";
import { homeSteps } from "./home-steps.js";
import type { HookName } from "./hook.js";
import { hookNames } from "./hook.js";
import { steps } from "./steps.js";

/** What the runbook is made of. Names and figures only: no URL, no secret, no row's value. */
export interface RunbookFacts {
  readonly migration: string;
  readonly environment: string;
  /** `db1.internal:3306/shop`. */
  readonly source: string;
  readonly target: string;
  readonly targetDatabase: string;
  /** `headgate`, or with -c and its file. */
  readonly command: string;
  readonly tables: readonly RunbookTable[];
  /** The plan's own statement of what is moved. */
  readonly estimate: string;
  readonly settings: RunbookSettings;
  readonly rehearsal: Rehearsal | null;
  /** Warnings of the plan, a sentence each. */
  readonly warnings: readonly string[];
  readonly overrides: readonly string[];
}

export interface RunbookTable {
  readonly table: string;
  readonly rows: number;
  /** It has no key: its rows are told apart by nothing, and compared as a multiset. */
  readonly keyless: boolean;
}

export interface RunbookSettings {
  readonly maxWritePause: string;
  readonly fence: string;
  readonly accounts: readonly string[];
  readonly roles: readonly string[];
  readonly wayBack: boolean;
  readonly guard: string;
  /** `replication lag above 30 seconds for 60s`. */
  readonly triggers: readonly string[];
  /** Hooks that are set. */
  readonly hooks: readonly string[];
  /** Where the P95 trigger has its figures: a sentence. */
  readonly latencies: string;
}

/** Seconds by step, as they were measured. */
export interface Rehearsal {
  readonly at: string;
  /** `rehearsal`, or `cutover` where only a real one is known. */
  readonly of: "rehearsal" | "cutover";
  readonly steps: readonly { readonly step: string; readonly seconds: number }[];
}

export interface RunbookStep {
  readonly does: string;
  /** null: by hand. */
  readonly command: string | null;
  readonly expect: string;
  readonly seconds: number | null;
  readonly abort: string;
  readonly undo: string;
}

export interface RunbookPart {
  readonly title: string;
  readonly steps: readonly RunbookStep[];
}

export interface ExitAdvice {
  readonly exit: ExitCode;
  readonly means: string;
  readonly then: string;
  readonly command: string | null;
}

export interface Runbook {
  readonly facts: RunbookFacts;
  readonly parts: readonly RunbookPart[];
  /** What `cutover` does by itself, in its order. */
  readonly night: readonly NightStage[];
  /** What `rollback` does out of the soak; empty where there is no way back. */
  readonly home: readonly NightStage[];
  readonly exits: readonly ExitAdvice[];
}

/** One step of a walk; while it runs nobody types anything. */
export interface NightStage {
  readonly stage: string;
  readonly does: string;
  readonly seconds: number | null;
  readonly back: string;
}

export function runbookOf(facts: RunbookFacts): Runbook {
  return {
    facts,
    parts: [before(facts), rehearsing(facts), night(facts), after(facts)],
    night: walked(facts),
    home: walkedHome(facts),
    exits: advice(facts.command),
  };
}

const nothing = "Nothing to undo: it only reads.";

function step(
  does: string,
  command: string | null,
  expect: string,
  more: Partial<Pick<RunbookStep, "seconds" | "abort" | "undo">> = {},
): RunbookStep {
  return {
    does,
    command,
    expect,
    seconds: null,
    abort: "It ends with another exit code.",
    undo: nothing,
    ...more,
  };
}

function before({ command, settings, environment, targetDatabase }: RunbookFacts): RunbookPart {
  const hooks =
    settings.hooks.length === 0
      ? "No hook is set: whoever routes the traffic does it by hand on the night."
      : `Run each by hand in the folder of the config: ${settings.hooks.join(", ")}.`;
  return {
    title: "T-7 d: everything that can be refused is refused now",
    steps: [
      step(
        "Both servers, grants, settings, every value",
        `${command} check`,
        "Exit 0, no finding is an error",
      ),
      step(
        "Grants of the fence and of the way back",
        `${command} check --grants`,
        "The statements of every phase; an administrator has run them",
        { abort: "A grant is refused by policy.", undo: "Revoke what was granted." },
      ),
      step("A backup of both sides, restored once somewhere", null, "It was restored, and by whom", {
        abort: "There is none that was restored.",
      }),
      step(
        "Copy, then follow",
        `${command} run${confirmed(environment, targetDatabase)}`,
        "ready: nothing is in the way",
        {
          abort: "It does not get ready.",
          undo: `Stop it (Ctrl-C). ${command} abandon drops what was made on both sides.`,
        },
      ),
      step("Every row of both sides", `${command} verify --full`, "Exit 0, no row differs", {
        abort: "Rows differ and repair does not settle them.",
      }),
      step("Hooks", null, hooks),
    ],
  };
}

function rehearsing({ command, settings, rehearsal }: RunbookFacts): RunbookPart {
  return {
    title: "T-1 d: rehearsal",
    steps: [
      step(
        "Who may be in the way, and the pause that is to be expected",
        `${command} cutover --dry-run`,
        `Every step, each with what it needs; a pause below ${settings.maxWritePause}`,
      ),
      step(
        "Everything but fence and switch, timed",
        `${command} cutover --rehearse`,
        "Seconds for each step",
        {
          seconds: rehearsal === null ? null : total(rehearsal.steps),
          abort: `It is not done within ${settings.maxWritePause}.`,
        },
      ),
      step(
        "This page again, with the rehearsal's figures",
        `${command} runbook`,
        "Seconds where it said not measured",
      ),
      step("What the triggers are held against", `${command} baseline capture`, settings.latencies),
    ],
  };
}

function night({ command, settings, environment, targetDatabase, rehearsal }: RunbookFacts): RunbookPart {
  return {
    title: "T-0: the night",
    steps: [
      step("Is it ready", `${command} status`, "ready yes: nothing is in the way", {
        abort: "Anything is in the way.",
      }),
      step(
        "The stop word is known",
        null,
        `Everybody knows who says stop, and that ${command} rollback is the way back`,
      ),
      step(
        "Cutover",
        `${command} cutover${confirmed(environment, targetDatabase)}`,
        `soaking, with the write pause (at most ${settings.maxWritePause}) and the proof`,
        {
          seconds: rehearsal === null ? null : total(rehearsal.steps),
          abort: `Writes have been stopped for ${settings.maxWritePause}: it goes back by itself, exit 5.`,
          undo: `Before the switch: Ctrl-C, or nothing. After it: ${command} rollback`,
        },
      ),
      step(
        "The application against the target",
        null,
        settings.hooks.includes("switch")
          ? "The hook switch has routed the traffic; smoke tests pass"
          : "Route the traffic; smoke tests pass",
        { abort: "Smoke tests fail.", undo: `${command} rollback` },
      ),
      step("How it stands", `${command} status`, "soaking, the reverse stream level, triggers calm", {
        abort: settings.wayBack
          ? `A trigger fires: within ${settings.guard} of the switch it goes back by itself where that is safe, later it pages.`
          : "There is no way back (cutover.wayBack is false): mend forward.",
        undo: settings.wayBack ? `${command} rollback` : "None.",
      }),
    ],
  };
}

function after({ command, environment, targetDatabase }: RunbookFacts): RunbookPart {
  return {
    title: "After-care",
    steps: [
      step(
        "What was done and proven, for the file",
        `${command} report --html report.html`,
        "A report with its digest",
      ),
      step(
        "Soak: every day",
        `${command} status`,
        "soaking; no trigger is fired: the engine compares both sides all the while, and divergence tells of rows that differ",
        { abort: "A trigger is fired, or the way back stands.", undo: `${command} rollback` },
      ),
      step(
        "The end of the soak: there is no way back after this",
        `${command} complete${confirmed(environment, targetDatabase)}`,
        "completed, and the list of grants to be dropped",
        { abort: "Anybody still wants the way back.", undo: "None: the way back is closed." },
      ),
      step(
        "Drop the grants that complete lists; take the old server out of backups and alarms",
        null,
        "Nothing connects to the source any more",
      ),
    ],
  };
}

/** In production a name is typed; a runbook gives it, for whoever pastes. */
function confirmed(environment: string, database: string): string {
  if (environment !== "production") return "";
  return ` --confirm ${/^[\w.-]+$/u.test(database) ? database : `'${database.replaceAll("'", "'\\''")}'`}`;
}

/** The very list that a cutover walks. */
function walked({ rehearsal, settings, command }: RunbookFacts): readonly NightStage[] {
  const decision = steps.findIndex(({ name }) => name === "decide");
  return steps
    .filter(({ name }) => name === "fence" || !isHook(name) || settings.hooks.includes(name))
    .map((each) => ({
      stage: each.name,
      does: each.describe,
      seconds: secondsOf(rehearsal, each.name),
      back:
        steps.indexOf(each) < decision
          ? "By itself: what was done is undone, the fence is lowered, the source serves. Exit 5."
          : each.name === "decide"
            ? "None of its own: what stands in the row holds, whoever asks."
            : `${command} cutover carries it through; then ${settings.wayBack ? `${command} rollback` : "nothing leads back"}.`,
    }));
}

/** The way back out of the soak. */
function walkedHome({ settings, rehearsal, command }: RunbookFacts): readonly NightStage[] {
  if (!settings.wayBack) return [];
  return homeSteps.map(({ name, describe }) => ({
    stage: name,
    does: describe,
    seconds: secondsOf(rehearsal, name),
    back: `${command} rollback goes on where it stopped.`,
  }));
}

function isHook(name: string): name is HookName {
  return hookNames.some((each) => each === name);
}

function secondsOf(rehearsal: Rehearsal | null, name: string): number | null {
  return rehearsal?.steps.find(({ step: each }) => each === name)?.seconds ?? null;
}

const advised: Readonly<Record<ExitCode, readonly [means: string, then: string, verb: string | null]>> = {
  [exits.done]: ["done", "Go on with the next step.", null],
  [exits.fault]: [
    "a fault, named with the next command",
    "Run the command that it names; what is retriable, once more as it is.",
    "status",
  ],
  [exits.difference]: [
    "rows differ, or work is pending",
    "Look at which; repair, then verify again. No cutover before that is clean.",
    "repair",
  ],
  [exits.checkFailed]: ["check refuses; nothing was written", "Settle each finding.", "check --propose"],
  [exits.claimed]: [
    "another engine holds the claim",
    "Find it; it is either the right one, or to be stopped.",
    "status",
  ],
  [exits.aborted]: [
    "the cutover went back by itself; the source serves",
    "Read why, mend it, decide whether there is time for another.",
    "status",
  ],
  [exits.personNeeded]: [
    "a person is needed; the sentence says for what",
    "Nothing moves until then. Whoever decides reads the sentence aloud.",
    "status",
  ],
  [exits.emergencyStop]: [
    "the emergency stop",
    "Find out who stopped it and why; remove the stop file, then the same command again.",
    "status",
  ],
  [exits.usage]: ["the command or the config is wrong; nothing was done", "Mend what is named.", "--help"],
  [exits.interrupted]: ["stopped by Ctrl-C; resumable", "The same command again goes on.", "status"],
  [exits.terminated]: [
    "stopped by SIGTERM; resumable",
    "Who sent it? The same command again goes on.",
    "status",
  ],
};

function advice(command: string): readonly ExitAdvice[] {
  return Object.values(exits).map((exit) => {
    const [means, then, verb] = advised[exit];
    return { exit, means, then, command: verb === null ? null : `${command} ${verb}` };
  });
}

function total(measured: Rehearsal["steps"]): number {
  return measured.reduce((sum, { seconds }) => sum + seconds, 0);
}
