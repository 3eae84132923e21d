import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkReport } from "./report-check.js";
import { canonicalJson, reportDigest } from "./report-digest.js";
import { exampleReport } from "./report-example.js";
import { reportHtml } from "./report-html.js";

const body = exampleReport({
  migration: "20261122_shop",
  environment: `<b>&amp;"'\u202e\u200b\ud800é𝄞`,
  tables: [{ table: "orders", ranges: 2, rows: 1000, bytes: 1e21 }],
  // Not in the order in which canonical JSON has them.
  phases: [{ phase: "copy", startedAt: "a", endedAt: "b", facts: { rows: 2, bytes: 1, also: "x" } }],
});
const json = (over: object = {}): string =>
  JSON.stringify({
    ui: "1.0",
    verb: "report",
    ok: true,
    exit: 0,
    ...body,
    digest: reportDigest({ ...body }),
    nextSteps: [{ why: "to keep it", command: "headgate report --html report.html" }],
    ...over,
  });

describe("canonical JSON", () => {
  it("sorts keys by code units and leaves no spaces", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "é" }], a: true, B: -0, "": 1.5e300 })).toBe(
      '{"":1.5e+300,"B":0,"a":true,"b":[1,{"c":"é","d":null}]}',
    );
    // U+FB33 comes after a surrogate pair as code units, and before it as code points.
    expect(canonicalJson({ "\ufb33": 1, "\u{1f600}": 2 })).toBe('{"\u{1f600}":2,"\ufb33":1}');
  });

  it("is what the digest is taken of, without what the printing adds", () => {
    const plain = { migration: "m", proof: { z: 1, a: [] } };
    const digest = createHash("sha256").update('{"migration":"m","proof":{"a":[],"z":1}}').digest("hex");
    expect(reportDigest(plain)).toBe(digest);
    expect(
      reportDigest({ ui: "1.0", verb: "report", ok: true, exit: 0, nextSteps: [], digest: "x", ...plain }),
    ).toBe(digest);
  });
});

describe("a report's JSON", () => {
  it("fits as it was printed, in any layout", () => {
    expect(checkReport(json())).toMatchObject({ kind: "json", migration: "20261122_shop", problems: [] });
    const laidOut = JSON.stringify(JSON.parse(json()), null, 2);
    expect(checkReport(laidOut).problems).toEqual([]);
  });

  it.each([
    ["a figure", { tables: [{ table: "orders", ranges: 2, rows: 1001, bytes: 1e21 }] }],
    ["a field more", { more: 1 }],
    ["a field less", { since: undefined }],
    ["its migration", { migration: "20261122_shoq" }],
    ["its digest", { digest: "0".repeat(64) }],
  ])("does not fit with %s changed", (_, over) => {
    expect(checkReport(json(over)).problems).toHaveLength(1);
  });

  it.each([
    ["ok", { ok: false }],
    ["exit", { exit: 2 }],
    ["verb", { verb: "verify" }],
    ["a next step", { nextSteps: [{ why: "all is proven", command: "headgate cutover" }] }],
  ])("does not fit with %s changed, which no digest is taken of", (_, over) => {
    expect(checkReport(json(over)).problems).toHaveLength(1);
  });

  it("does not fit with a name twice, or one that parsers leave out", () => {
    const twice = json().replace('"proof":', '"proof":{"complete":true},"proof":');
    const within = json().replace('"rows":1000', '"ro\\u0077s":9,"rows":1000');
    const proto = json().replace("{", '{"__proto__":{"complete":true},');
    for (const text of [twice, within, proto]) {
      expect(text).not.toBe(json());
      expect(checkReport(text).problems).toEqual([expect.stringMatching(/that no digest is taken of/u)]);
    }
    // Values that look like names are none.
    const odd = exampleReport({ environment: '{"a":1,"a":[', state: "__proto__" });
    const text = JSON.stringify({ ...odd, digest: reportDigest({ ...odd }) });
    expect(checkReport(text).problems).toEqual([]);
  });

  it("names what is none", () => {
    expect(checkReport("hello").problems).toEqual(["The file is neither a report's JSON nor its page."]);
    expect(checkReport("[1]").problems).toHaveLength(1);
    expect(checkReport("{}").problems).toEqual(["The file names no digest."]);
  });
});

describe("a report's page", () => {
  const page = reportHtml(body);

  it("fits as it was written, whatever letters are in it", () => {
    expect(checkReport(page)).toMatchObject({ kind: "html", migration: "20261122_shop", problems: [] });
    expect(checkReport(page).computed).toBe(reportDigest({ ...body }));
  });

  it("does not fit where what is shown was changed and the data was not", () => {
    const shown = page.replace('<td class="n">1000</td>', '<td class="n">1001</td>');
    expect(shown).not.toBe(page);
    expect(checkReport(shown).problems).toEqual([
      expect.stringMatching(/^The page is not what .* line \d+/u),
    ]);
  });

  it("does not fit where the data was changed and the page was not", () => {
    const data = page.replace("&quot;rows&quot;:1000", "&quot;rows&quot;:1001");
    expect(data).not.toBe(page);
    expect(checkReport(data).problems).toHaveLength(2);
  });

  it("does not fit where something was added behind its end, or its data is gone", () => {
    expect(checkReport(`${page}<p>approved</p>\n`).problems).toHaveLength(1);
    expect(checkReport(page.replace('<pre id="data">', "<pre>")).problems).toEqual([
      "The page has no data of a report in it.",
    ]);
    expect(
      checkReport(page.replace(/<pre id="data">.*<\/pre>/u, '<pre id="data">{}</pre>')).problems,
    ).toContain("The page's data is not a whole report.");
  });
});
