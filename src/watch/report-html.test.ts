import { expect, it } from "vitest";
import { reportHtml } from "./report-html.js";

it("escapes every name and holds neither script nor outside link", () => {
  const nasty = `<script>alert("x")</script>&'`;
  const page = reportHtml(nasty, {
    state: nasty,
    since: "2026-11-22T00:00:00Z",
    environment: "production",
    skippedSafeguards: [nasty],
    fingerprint: "abc",
    phases: [{ phase: nasty, startedAt: "a", endedAt: null }],
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
    proofNote: nasty,
  });
  expect(page).not.toContain("<script");
  expect(page).not.toMatch(/(src|href)=/u);
  expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
  const safe = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;";
  for (const place of ["on", "head", "definer", "why", "reads", "writes", "function", "rewrite"])
    expect(page, place).toContain(`${place}-${safe}`);
  for (const place of ["account", "rights", "grants"]) expect(page, place).toContain(`${place}-${safe}`);
  expect(page).toContain("hidden");
  expect(page).toContain("(gone)");
});

it("says whether there are no programs or nobody knows", () => {
  const body = {
    state: "copied",
    since: "",
    environment: "production",
    skippedSafeguards: [],
    fingerprint: "abc",
    phases: [],
    tables: [],
    policies: [],
    proofNote: "",
  };
  expect(reportHtml("a", { ...body, inventory: null })).toContain("no plan.json of this migration");
  const empty = reportHtml("a", { ...body, inventory: { objects: [], accounts: null } });
  expect(empty).toContain("No views, programs or sequences");
  expect(empty).toContain("accounts could not be read");
});
