// The table of states and events: whole, one way or a refusal with a name for each pair, and the page shows it as it is.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { diagram, stateTable } from "./diagram.js";
import { events, next, refusals, states } from "./machine.js";
import type { State } from "./machine.js";

it("has a state or a refusal by name for each pair", () => {
  for (const state of states)
    for (const event of events) {
      const to = next(state, event);
      if (typeof to === "string") expect(states).toContain(to);
      else expect(refusals[to.refused]).toMatch(/\.$/u);
    }
});

it("leads on from each state but the last ones, and back from each before the decision", () => {
  const ways = (state: State): State[] =>
    events.flatMap((event) => {
      const to = next(state, event);
      return typeof to === "string" ? [to] : [];
    });
  const reached = new Set<State>(["streaming"]);
  for (const state of reached) for (const to of ways(state)) reached.add(to);
  expect([...reached].sort()).toEqual([...states].sort());
  expect(states.filter((state) => ways(state).length === 0)).toEqual(["completed", "abandoned"]);
  expect(states.filter((state) => next(state, "back") === "rolling_back")).toEqual([
    "fencing",
    "draining",
    "verifying",
    "soaking",
  ]);
  // Decided is decided: nothing but the opening follows.
  expect(ways("switching")).toEqual(["soaking"]);
});

it("is in docs/cutover.md as it is", () => {
  const page = readFileSync(new URL("../../docs/cutover.md", import.meta.url), "utf8");
  expect(page).toContain(diagram());
  expect(page).toContain(stateTable());
});
