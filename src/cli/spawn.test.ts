import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Ended, Program } from "../cutover/hook.js";
import { spawnHook } from "./spawn.js";

const folder = mkdtempSync(join(tmpdir(), "headgate-hook-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function ran(
  code: string,
  more: Partial<Program> = {},
): Promise<{ ended: Ended; stdout: string; stderr: string }> {
  const seen = { stdout: "", stderr: "" };
  const ended = await spawnHook({
    file: process.execPath,
    args: ["-e", code],
    folder,
    env: { HEADGATE_MIGRATION: "m" },
    timeoutMs: 8000,
    signal: new AbortController().signal,
    onOutput: (stream, chunk) => (seen[stream] += chunk.toString()),
    ...more,
  });
  return { ended, ...seen };
}

it("gives a process its folder, its environment and no other, and its whole output", async () => {
  const { ended, stdout, stderr } = await ran(
    `process.stdout.write(JSON.stringify([process.cwd(), Object.keys(process.env)])); process.stderr.write("e".repeat(100000)); process.exitCode = 3`,
  );
  expect(ended).toEqual({ kind: "exited", code: 3 });
  expect(JSON.parse(stdout)).toEqual([folder, ["HEADGATE_MIGRATION"]]);
  expect(stderr).toHaveLength(100_000);
});

it("starts no shell: what stands in an argument is an argument", async () => {
  const script = join(folder, "args");
  writeFileSync(script, `#!${process.execPath}\nprocess.stdout.write(JSON.stringify(process.argv.slice(2)))`);
  chmodSync(script, 0o755);
  const args = ["a b", "$HOME", "; touch pwned", "`id`", "*"];
  const { stdout } = await ran("", { file: script, args });
  expect(JSON.parse(stdout)).toEqual(args);
});

it("says why a process could not be started", async () => {
  expect((await ran("", { file: join(folder, "missing") })).ended).toEqual({
    kind: "refused",
    why: "ENOENT",
  });
  expect((await ran("", { file: folder })).ended).toEqual({ kind: "refused", why: "EACCES" });
});

it("ends a process that takes too long", async () => {
  const { ended } = await ran("setInterval(() => {}, 1000)", { timeoutMs: 200 });
  expect(ended).toEqual({ kind: "timed-out" });
});

it("ends with a process all that it has started", async () => {
  // The grandchild holds a connection until it is no more; SIGTERM does not move it.
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const joined = once(server, "connection") as Promise<[Socket]>;
  const grandchild = `process.on("SIGTERM", () => {}); require("node:net").connect(${String(port)}, "127.0.0.1"); setInterval(() => {}, 1000)`;
  const stop = new AbortController();
  const running = ran(
    `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: "ignore" }); setInterval(() => {}, 1000)`,
    { signal: stop.signal },
  );
  const [connection] = await joined;
  const gone = once(connection.on("error", () => undefined).resume(), "close");
  stop.abort();
  expect((await running).ended).toEqual({ kind: "stopped" });
  await gone;
  server.close();
});

it("ends it at a signal too, and starts nothing after one", async () => {
  const stop = new AbortController();
  const running = ran("process.stdout.write('up'); setInterval(() => {}, 1000)", {
    signal: stop.signal,
    onOutput: () => stop.abort(),
  });
  expect((await running).ended).toEqual({ kind: "stopped" });
  expect((await ran("", { signal: stop.signal })).ended).toEqual({ kind: "stopped" });
});

it("does not wait for what a hook leaves running behind it", async () => {
  const { ended } = await ran(
    `require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 3000)"], { stdio: "inherit", detached: true }).unref(); process.exit(0)`,
    { timeoutMs: 2500 },
  );
  expect(ended).toEqual({ kind: "exited", code: 0 });
});
