/** What the log looks like in a file and on a terminal, and that neither holds a secret. */
import { expect, it } from "vitest";
import { openLog } from "./log.js";

function written(terminal: boolean): string[] {
  const lines: string[] = [];
  const log = openLog(
    "info",
    (line) => void lines.push(line),
    (text) => text.replaceAll("hunter2", "***"),
    terminal,
  );
  log.info({ migration: "m", epoch: "1" }, "claimed");
  log.info({ state: "copying" }, "state");
  log.info({ kind: "joined", lane: "main" }, "joined");
  log.warn({ code: "target-busy", attempt: 2 }, "range 3 again: hunter2");
  log.debug("not at this level");
  return lines;
}

it("is JSON, a record a line, off a terminal", () => {
  const records = written(false).map((line): unknown => JSON.parse(line));
  expect(records).toMatchObject([
    { msg: "claimed", migration: "m", epoch: "1" },
    { msg: "state", state: "copying" },
    { msg: "joined", lane: "main" },
    { msg: "range 3 again: ***", code: "target-busy", attempt: 2 },
  ]);
});

it("lets no name colour a terminal or turn its lines", () => {
  const lines: string[] = [];
  const log = openLog(
    "info",
    (line) => void lines.push(line),
    (text) => text,
    true,
  );
  log.info({ table: "\u001b[31m \u202ertl", note: ["a\u200fb"] }, "looked at\nerror: forged");
  expect(lines.join("").slice(11)).toBe(
    'looked at\\nerror: forged: table \\u{1b}[31m \\u{202e}rtl, note ["a\\u{200f}b"]\n'.slice(1),
  );
});

it("is sentences on a terminal", () => {
  expect(written(true).map((line) => line.replace(/^\d\d:\d\d:\d\dZ /u, ""))).toEqual([
    "claimed: migration m, epoch 1\n",
    "state: copying\n",
    "joined: lane main\n",
    "warning: range 3 again: ***: code target-busy, attempt 2\n",
  ]);
});
