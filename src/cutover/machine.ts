/**
 * The states of a cutover and of its way back, as one table of state by event (design.md, "Cutover, told by a table").
 * Each pair is a state that follows, or a refusal with a name; there is no third thing, and the compiler holds that.
 * `switching` begins with the decision: from there the way leads on, and back only through the soak.
 */

export const states = [
  "streaming",
  "ready",
  "fencing",
  "draining",
  "verifying",
  "switching",
  "soaking",
  "completed",
  "rolling_back",
  "rolled_back",
  "abandoned",
] as const;

export type State = (typeof states)[number];

export const events = [
  "level",
  "behind",
  "begin",
  "fenced",
  "drained",
  "decided",
  "opened",
  "back",
  "home",
  "stay",
  "onward",
  "complete",
  "abandon",
] as const;

export type Event = (typeof events)[number];

/** Why an event does nothing in a state, by name. */
export const refusals = {
  "not-ready": "The target is not ready for a cutover: headgate status says what is in the way.",
  "under-way": "A cutover is under way.",
  "out-of-order": "The steps before it are not done.",
  "not-begun": "No cutover has begun, so nothing is to be taken back.",
  decided: "The switch is decided: it is carried through, and the way back is the soak's rollback.",
  open: "The target is open; headgate rollback leads back, headgate complete ends it.",
  "going-back": "The way back is under way.",
  "source-open": "The source is open again, and the way forward with it.",
  "not-open": "The target was not opened, so there is no soak to end; headgate abandon gives up.",
  over: "The migration is complete: its way back is closed.",
  "given-up": "The migration was abandoned.",
} as const;

export type Refusal = keyof typeof refusals;

export interface Refused {
  readonly refused: Refusal;
}

const refuse = (refused: Refusal): Refused => ({ refused });

const underWay = {
  level: refuse("under-way"),
  behind: refuse("under-way"),
  begin: refuse("under-way"),
  onward: refuse("under-way"),
  complete: refuse("not-open"),
  abandon: refuse("under-way"),
  home: refuse("out-of-order"),
  stay: refuse("not-open"),
} as const;

const before = {
  fenced: refuse("not-begun"),
  drained: refuse("not-begun"),
  decided: refuse("not-begun"),
  opened: refuse("not-begun"),
  back: refuse("not-begun"),
  home: refuse("not-begun"),
  stay: refuse("not-begun"),
  onward: refuse("not-begun"),
  complete: refuse("not-open"),
} as const;

function all(refusal: Refusal): Record<Event, Refused> {
  const refused = refuse(refusal);
  return {
    level: refused,
    behind: refused,
    begin: refused,
    fenced: refused,
    drained: refused,
    decided: refused,
    opened: refused,
    back: refused,
    home: refused,
    stay: refused,
    onward: refused,
    complete: refused,
    abandon: refused,
  };
}

/** The whole table. */
export const table: Readonly<Record<State, Readonly<Record<Event, State | Refused>>>> = {
  streaming: {
    ...before,
    level: "ready",
    behind: "streaming",
    begin: refuse("not-ready"),
    abandon: "abandoned",
  },
  ready: { ...before, level: "ready", behind: "streaming", begin: "fencing", abandon: "abandoned" },
  fencing: {
    ...underWay,
    fenced: "draining",
    drained: refuse("out-of-order"),
    decided: refuse("out-of-order"),
    opened: refuse("out-of-order"),
    back: "rolling_back",
  },
  draining: {
    ...underWay,
    fenced: refuse("out-of-order"),
    drained: "verifying",
    decided: refuse("out-of-order"),
    opened: refuse("out-of-order"),
    back: "rolling_back",
  },
  verifying: {
    ...underWay,
    fenced: refuse("out-of-order"),
    drained: refuse("out-of-order"),
    decided: "switching",
    opened: refuse("out-of-order"),
    back: "rolling_back",
  },
  switching: { ...all("decided"), opened: "soaking" },
  soaking: { ...all("open"), back: "rolling_back", complete: "completed" },
  completed: all("over"),
  // `stay` is of a way back out of the soak alone, and only while nothing leads to the source yet (home-steps.ts).
  rolling_back: { ...all("going-back"), home: "rolled_back", stay: "soaking" },
  rolled_back: { ...all("source-open"), onward: "streaming", abandon: "abandoned" },
  abandoned: all("given-up"),
};

/** What follows. Pure. */
export function next(state: State, event: Event): State | Refused {
  return table[state][event];
}

/** Whether somebody has to end what was begun: a state that an engine does not stay in. */
export function isUnderWay(state: State): boolean {
  return (
    state === "fencing" ||
    state === "draining" ||
    state === "verifying" ||
    state === "switching" ||
    state === "rolling_back"
  );
}
