/** Standard output that nobody takes: a reader that has gone is no error, a full disk is one with its own sentence. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

function shell(script: string): { code: number | null; out: string; err: string } {
  const command = `"${process.execPath}" dist/src/cli/main.js`;
  const ended = spawnSync("bash", ["-c", `set -o pipefail; ${script.replace("headgate", command)}`], {
    encoding: "utf8",
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

it("a reader that has gone is no error", () => {
  // The reader ends before the program has started to write.
  expect(shell("headgate --help | true")).toEqual({ code: 0, out: "", err: "" });
});

it("a full disk is told, with an exit code of its own", () => {
  expect(shell("headgate --help > /dev/full")).toEqual({
    code: 64,
    out: "",
    err: "file-refused: standard output cannot be written (ENOSPC).\n",
  });
});
