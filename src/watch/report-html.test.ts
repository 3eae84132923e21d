import { expect, it } from "vitest";
import { exampleReport } from "./report-example.js";
import { reportHtml } from "./report-html.js";
import { reportProof } from "./report-proof.js";

it("escapes every name and holds neither script nor outside link", () => {
  const nasty = `<script>alert("x")</script>&'`;
  const proof = reportProof({
    leftOut: [],
    tables: [
      {
        table: nasty,
        columns: {
          compared: [`compared-${nasty}`],
          notCompared: [`left-${nasty}`],
          unseen: [`unseen-${nasty}`],
        },
        policies: [],
        keyed: true,
      },
    ],
    view: {
      runs: [
        {
          id: nasty,
          scope: { method: "stream", kind: "full", tables: [nasty], sample: null },
          startedAt: "a",
          endedAt: null,
          facts: { [`fact-${nasty}`]: nasty },
        },
      ],
      tables: [],
      counts: [{ table: nasty, state: "different", count: "2" }],
      named: [
        {
          table: nasty,
          key: Buffer.from("k"),
          kind: "different",
          columns: [`column-${nasty}`],
          copies: 1,
          state: "different",
          run: "r",
          at: "t",
        },
      ],
      repairs: [{ table: `repaired-${nasty}`, rows: "1", firstAt: "a", lastAt: "b" }],
    },
    keyText: () => [`key-${nasty}`],
  });
  const page = reportHtml(
    exampleReport({
      migration: nasty,
      state: nasty,
      skippedSafeguards: [nasty],
      phases: [{ phase: nasty, startedAt: "a", endedAt: null, facts: { [`figure-${nasty}`]: 1 } }],
      tables: [{ table: nasty, ranges: 1, rows: 2, bytes: 3 }],
      policies: [{ object: nasty, policy: "zeroDate", count: 4 }],
      inventory: {
        objects: [
          {
            kind: "trigger",
            name: nasty,
            on: `on-${nasty}`,
            head: `head-${nasty}`,
            definer: `definer-${nasty}`,
            definerExists: false,
            security: "definer",
            lines: null,
            risk: "high",
            why: [`why-${nasty}`],
            reads: [`reads-${nasty}`],
            writes: [`writes-${nasty}`],
            columns: [],
            functions: [{ name: `function-${nasty}`, count: 2, rewrite: `rewrite-${nasty}` }],
          },
        ],
        accounts: [{ account: `account-${nasty}`, rights: [`rights-${nasty}`], grants: [`grants-${nasty}`] }],
      },
      proof,
    }),
  );
  expect(page).not.toContain("<script");
  expect(page).not.toMatch(/(src|href)=/u);
  expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
  const safe = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;";
  for (const place of ["on", "head", "definer", "why", "reads", "writes", "function", "rewrite"])
    expect(page, place).toContain(`${place}-${safe}`);
  for (const place of ["compared", "left", "unseen", "fact", "column", "repaired", "key", "figure"])
    expect(page, place).toContain(`${place}-${safe}`);
  for (const place of ["account", "rights", "grants"]) expect(page, place).toContain(`${place}-${safe}`);
  expect(page).toContain("hidden");
  expect(page).toContain("(gone)");
  expect(page).toContain("1 of 2 rows are listed.");
});

it("says whether there are no programs or nobody knows", () => {
  expect(reportHtml(exampleReport({ inventory: null }))).toContain("no plan.json of this migration");
  const empty = reportHtml(exampleReport());
  expect(empty).toContain("No views, programs or sequences");
  expect(empty).toContain("accounts could not be read");
});

it("has nothing on it that moves the cursor or turns the reading direction", () => {
  const page = reportHtml(exampleReport({ state: "a\u202eb\u0007c\u200bd", environment: "x\ud800y" }));
  expect(page).not.toMatch(/[\u202e\u0007\u200b\ud800]/u);
  expect(page).toContain("a\\u{202e}b");
});
