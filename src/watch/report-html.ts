/**
 * The report as one self-contained page: no script, no outside link, every text escaped. It is a function of the report's
 * body and nothing else, so `report --check` lays it out again and finds whatever was changed; the body itself stands at
 * the page's end as the JSON that the digest is taken of.
 */
import type { Inventory } from "../model.js";
import type { ReportBody } from "./report-body.js";
import { canonicalJson, reportDigest } from "./report-digest.js";
import { escaped, figures, grid, markup, paragraphs } from "./report-markup.js";
import { proofHtml } from "./report-proof-html.js";

export const dataBegin = '<pre id="data">';
export const dataEnd = "</pre>";

export function reportHtml(body: ReportBody): string {
  const json = canonicalJson(body);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(body.migration)}: migration report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0;overflow-wrap:anywhere}td,th{border-bottom:1px solid #d0d7de;padding:.3rem .6rem;text-align:left;vertical-align:top}
caption{text-align:left;font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code,pre{background:#f3f4f6;padding:0 .2rem;overflow-wrap:anywhere;white-space:pre-wrap}
figure{margin:1rem 0}svg text{font:13px system-ui,sans-serif}.k{white-space:nowrap;margin-right:1rem}
@media print{body{max-width:none;margin:0;font-size:11px}details>pre{font-size:7px}h2,h3{break-after:avoid}tr,figure{break-inside:avoid}}</style></head><body>
<main>
<h1>${escaped(body.migration)}</h1>
<p>State <b>${escaped(body.state)}</b> since ${escaped(body.since)}, environment ${escaped(body.environment)}. Plan <code>${escaped(body.fingerprint)}</code>. Written ${escaped(body.writtenAt)} by Headgate ${escaped(body.headgate)}.</p>
<p>Digest (SHA-256) <code id="digest">${escaped(reportDigest({ ...body }))}</code>. <code>headgate report --check FILE</code> computes it again; keep it where the file is not.</p>
${proofHtml(body.proof)}
${body.wayBack === undefined ? "" : wayBackHtml(body.wayBack)}${(body.nights ?? []).length === 0 ? "" : `<h2>Cutovers and rollbacks</h2>\n${paragraphs((body.nights ?? []).map(({ sentence }) => sentence))}\n`}<h2>Safeguards set aside</h2>
${body.skippedSafeguards.length === 0 ? "<p>None.</p>" : paragraphs(body.skippedSafeguards)}
<h2>Phases</h2>
${grid(
  "Phases of the migration",
  ["phase", "started", "ended", "figures"],
  body.phases.map((p) => [p.phase, p.startedAt, p.endedAt ?? "not ended", figures(p.facts)]),
  [],
)}
<h2>Tables</h2>
${grid(
  "Rows and bytes that were copied",
  ["table", "ranges", "rows", "bytes"],
  body.tables.map((t) => [t.table, String(t.ranges), String(t.rows), String(t.bytes)]),
  [1, 2, 3],
)}
<h2>Values changed by policy</h2>
${
  body.policies.length === 0
    ? "<p>None.</p>"
    : grid(
        "Values that policies changed by design",
        ["column", "policy", "values"],
        body.policies.map((p) => [p.object, p.policy, String(p.count)]),
        [2],
      )
}
<h2>Objects without rows</h2>
${inventoryHtml(body.inventory)}
<h2>The same as data</h2>
<details><summary>Canonical JSON, of which the digest is taken</summary>
${dataBegin}${markup(spelled(json))}${dataEnd}
</details>
</main></body></html>
`;
}

function wayBackHtml({ sentences, tables }: NonNullable<ReportBody["wayBack"]>): string {
  const rows = tables.map((t) => [
    t.table,
    t.equal === null ? "to be compared as a whole" : t.equal.at,
    String(t.different),
    String(t.pending),
  ]);
  const list =
    rows.length === 0
      ? ""
      : grid(
          "What the soak has compared",
          ["table", "equal at", "different", "looked at again"],
          rows,
          [2, 3],
        );
  return `<h2>The way back in the soak</h2>\n${paragraphs(sentences)}\n${list}\n`;
}

/** The same JSON with nothing in it that an editor or a page would change or hide. */
function spelled(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
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
          "Views, programs and sequences",
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
    "Accounts of the source",
    ["account", "risk", "rights on the source", "GRANTs for the target"],
    accounts.map(({ account, risk, rights, grants }) => [
      account,
      risk ?? "",
      rights.join("; "),
      grants.join("; "),
    ]),
    [],
  )}`;
}
