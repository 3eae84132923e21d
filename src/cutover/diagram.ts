/** The machine as a picture for docs/cutover.md, made from its table: a test holds that the page has the present one. */
import { events, isUnderWay, refusals, states, table } from "./machine.js";

/** Mermaid's own language, as GitHub draws it. */
export function diagram(): string {
  const ways = states.flatMap((state) =>
    events.flatMap((event) => {
      const to = table[state][event];
      return typeof to === "string" && to !== state ? [`  ${state} --> ${to}: ${event}`] : [];
    }),
  );
  return [
    "stateDiagram-v2",
    "  [*] --> streaming",
    ...ways,
    "  completed --> [*]",
    "  abandoned --> [*]",
  ].join("\n");
}

/** Each state by each event, as a table in Markdown. */
export function stateTable(): string {
  const cell = (state: (typeof states)[number], event: (typeof events)[number]): string => {
    const to = table[state][event];
    return typeof to === "string" ? `**${to}**` : to.refused;
  };
  return [
    `| state | ${events.join(" | ")} |`,
    `|---|${events.map(() => "---").join("|")}|`,
    ...states.map(
      (state) =>
        `| ${isUnderWay(state) ? `*${state}*` : state} | ${events.map((event) => cell(state, event)).join(" | ")} |`,
    ),
    "",
    ...Object.entries(refusals).map(([name, sentence]) => `- \`${name}\`: ${sentence}`),
  ].join("\n");
}
