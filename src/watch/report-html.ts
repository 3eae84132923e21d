/** The report as one self-contained page: no script, no outside link, every text escaped. */
import type { Inventory } from "../model.js";
import { visible } from "./visible.js";

export interface ReportBody {
  readonly state: string;
  readonly since: string;
  readonly environment: string;
  readonly skippedSafeguards: readonly string[];
  readonly fingerprint: string;
  readonly phases: readonly {
    readonly phase: string;
    readonly startedAt: string;
    readonly endedAt: string | null;
  }[];
  readonly tables: readonly {
    readonly table: string;
    readonly ranges: number;
    readonly rows: number;
    readonly bytes: number;
  }[];
  readonly policies: readonly { readonly object: string; readonly policy: string; readonly count: number }[];
  /** null where no plan of the migration is at hand. */
  readonly inventory: Inventory | null;
  readonly proofNote: string;
}

export function reportHtml(id: string, body: ReportBody): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(id)}: migration report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border-bottom:1px solid #d0d7de;padding:.3rem .6rem;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{background:#f3f4f6;padding:0 .2rem}</style></head><body>
<h1>${escape(id)}</h1>
<p>State <b>${escape(body.state)}</b> since ${escape(body.since)}, environment ${escape(body.environment)}. Plan <code>${escape(body.fingerprint)}</code>.</p>
<p>${escape(body.proofNote)}</p>
${body.skippedSafeguards.map((name) => `<p>Safeguard skipped: ${escape(name)}</p>`).join("\n")}
<h2>Phases</h2>
${grid(
  ["phase", "started", "ended"],
  body.phases.map((p) => [p.phase, p.startedAt, p.endedAt ?? "not ended"]),
  [],
)}
<h2>Tables</h2>
${grid(
  ["table", "ranges", "rows", "bytes"],
  body.tables.map((t) => [t.table, String(t.ranges), String(t.rows), String(t.bytes)]),
  [1, 2, 3],
)}
<h2>Values changed by policy</h2>
${
  body.policies.length === 0
    ? "<p>None.</p>"
    : grid(
        ["column", "policy", "values"],
        body.policies.map((p) => [p.object, p.policy, String(p.count)]),
        [2],
      )
}
<h2>Objects without rows</h2>
${inventoryHtml(body.inventory)}
</body></html>
`;
}

/** Views, programs and sequences with their risk, then the source's accounts: what the text report says, and more. */
function inventoryHtml(inventory: Inventory | null): string {
  if (inventory === null)
    return "<p>Not known: no plan.json of this migration is beside the config; headgate plan makes one.</p>";
  const { objects, accounts } = inventory;
  const programs =
    objects.length === 0
      ? "<p>No views, programs or sequences.</p>"
      : grid(
          ["object", "kind", "risk", "lines", "runs as", "why", "reads", "writes", "functions"],
          objects.map((each) => [
            each.on === null ? each.name : `${each.on}.${each.name}`,
            each.head === "" ? each.kind : `${each.kind}: ${each.head}`,
            each.risk,
            each.lines === null ? "hidden" : String(each.lines),
            each.definer === null ? "" : `${each.definer}${each.definerExists === false ? " (gone)" : ""}`,
            each.why.join("; "),
            each.reads.join(", "),
            each.writes.join(", "),
            each.functions
              .map(({ name, count, rewrite }) => `${name} (${String(count)}): ${rewrite}`)
              .join("; "),
          ]),
          [3],
        );
  if (accounts === null) return `${programs}\n<p>The source's other accounts could not be read.</p>`;
  if (accounts.length === 0) return programs;
  return `${programs}\n${grid(
    ["account", "rights on the source", "GRANTs for the target"],
    accounts.map(({ account, rights, grants }) => [account, rights.join("; "), grants.join("; ")]),
    [],
  )}`;
}

function grid(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[],
): string {
  const cell = (tag: "td" | "th", text: string, i: number): string =>
    `<${tag}${numbers.includes(i) ? ' class="n"' : ""}>${escape(text)}</${tag}>`;
  const line = (tag: "td" | "th", row: readonly string[]): string =>
    `<tr>${row.map((text, i) => cell(tag, text, i)).join("")}</tr>`;
  return `<table>${line("th", head)}${rows.map((row) => line("td", row)).join("")}</table>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return visible(text).replace(/[&<>"']/gu, (letter) => entities[letter] ?? letter);
}
