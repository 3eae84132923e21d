import { expect, it } from "vitest";
import { clock, count, megabytes, openScreen } from "./screen.js";
import type { Reading } from "./meter.js";
import type { StreamReading } from "./stream-meter.js";

const reading: Reading = {
  tables: { done: 1, total: 3 },
  rows: { done: 1234, total: 5000 },
  bytes: 1_500_000,
  rowsPerSecond: 100,
  bytesPerSecond: 2_000_000,
  elapsedSeconds: 61,
  etaSeconds: 3725,
  working: [],
};

it("writes one plain line every ten seconds off a terminal, without cursor codes", async () => {
  let now = 0;
  const written: string[] = [];
  const screen = await openScreen(
    null,
    () => now,
    (text) => void written.push(text),
  );
  for (; now < 25_000; now += 500) screen.show("copying", reading, "");
  expect(written).toHaveLength(3);
  expect(written[0]).toBe(
    "copying: 1/3 tables, 1,234 of about 5,000 rows, 100 rows/s, 2.0 MB/s, 1:01 gone, about 1:02:05 left\n",
  );
  expect(written.join("")).not.toContain("\u001b");
});

/** What a terminal shows after these texts, as far as the block needs one: lines, cursor up, erased lines. */
function shown(texts: readonly string[]): string[] {
  const lines = [""];
  let row = 0;
  for (const [part] of texts.join("").matchAll(/\u001b\[\d*[A-Za-z]|\n|[^\u001b\n]+/gu)) {
    if (part === "\u001b[2K") lines[row] = "";
    else if (part === "\u001b[1A") row -= 1;
    else if (part === "\n") lines[(row += 1)] ??= "";
    else if (!part.startsWith("\u001b")) lines[row] = (lines[row] ?? "") + part;
  }
  return lines.filter((line) => line !== "");
}

it.each([{ columns: 80, rows: 24 }, { columns: 0, rows: 0 }, {}])(
  "keeps the log's lines above the block on a terminal of %j",
  async (size) => {
    const written: string[] = [];
    const screen = await openScreen(
      size,
      () => 0,
      (text) => void written.push(text),
    );
    screen.above("first\n");
    screen.show("copying", reading, "");
    screen.show("copying", { ...reading, bytes: 2_000_000 }, "");
    screen.above("second\n");
    screen.show("copying", { ...reading, bytes: 3_000_000 }, "");
    screen.above("third\n");
    screen.done();
    const lines = shown(written);
    expect(lines.slice(0, 4).map((line) => line.split(" ")[0])).toEqual([
      "first",
      "second",
      "third",
      "copying",
    ]);
    expect(lines).toHaveLength(7);
    expect(lines[5]).toContain("sent 3.0 MB");
  },
);

it("names the tables on their way, a screenful at most", async () => {
  const working = Array.from({ length: 10 }, (_, i) => ({
    table: `t${String(i)}`,
    rows: { done: 10, total: 40 },
    rowsPerSecond: 5,
    bytesPerSecond: 1_000_000,
  }));
  const written: string[] = [];
  const take = (text: string): void => void written.push(text);
  (await openScreen({}, () => 0, take)).show("copying", { ...reading, working }, "");
  expect(shown(written)).toContain("  t7: 10 of about 40 rows, 5 rows/s, 1.0 MB/s");
  expect(shown(written).at(-1)).toBe("  and 2 more");
  written.length = 0;
  (await openScreen(null, () => 0, take)).show("copying", { ...reading, working: working.slice(0, 1) }, "");
  expect(written[0]).toMatch(/left; t0: 10 of about 40 rows, 5 rows\/s, 1\.0 MB\/s\n$/u);
});

it("tells a stream by its lag and its events, and lanes by name where there are several or one stands still", async () => {
  const lane = { lane: "main", lagSeconds: 0.44, applied: 900, joined: true, stopped: null };
  const stream: StreamReading = {
    lagSeconds: 0.44,
    read: 1000,
    applied: 900,
    appliedPerSecond: 1500,
    lanes: [lane],
  };
  const written: string[] = [];
  const take = (text: string): void => void written.push(text);
  const line = async (more: Partial<StreamReading>, note = ""): Promise<string> => {
    written.length = 0;
    (await openScreen(null, () => 0, take)).show("streaming", reading, note, { ...stream, ...more });
    return written[0] ?? "";
  };
  expect(await line({})).toBe("streaming: lag 0.4 s, 900 of 1,000 events applied, 1,500/s, 1:01 gone\n");
  expect(await line({}, "paused")).toContain("1:01 gone (paused)\n");
  const two = [lane, { ...lane, lane: "b\u001b[31m", lagSeconds: null, joined: false }];
  expect(await line({ lagSeconds: null, lanes: two })).toBe(
    "streaming: lag not known yet, 900 of 1,000 events applied, 1,500/s, 1:01 gone; lane main: lag 0.4 s, 900 applied; lane b\\u{1b}[31m: lag not known yet, 900 applied, not joined yet\n",
  );
  const halted = { ...lane, stopped: "quarantined" };
  expect(await line({ lanes: [halted] })).toContain(
    "; lane main: lag 0.4 s, 900 applied, stopped: quarantined\n",
  );
  expect(await line({ lanes: [{ ...lane, stopped: "paused" }] })).not.toContain("lane main");
  written.length = 0;
  (await openScreen({}, () => 0, take)).show("streaming", reading, "", stream);
  expect(shown(written).slice(1)).toEqual([
    "events    900 of 1,000 applied, 1,500/s",
    "copied    1,234 rows in 3 tables     elapsed 1:01",
  ]);
});

it("spells figures for people", () => {
  expect([count(1_234_567), megabytes(1_550_000), clock(5), clock(3600)]).toEqual([
    "1,234,567",
    "1.6 MB",
    "0:05",
    "1:00:00",
  ]);
});
