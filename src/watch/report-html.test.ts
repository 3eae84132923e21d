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
    proofNote: nasty,
  });
  expect(page).not.toContain("<script");
  expect(page).not.toMatch(/(src|href)=/u);
  expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
});
