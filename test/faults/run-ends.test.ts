/**
 * How `headgate run` ends when somebody else has a say: a second engine (exit 4, the holder by name), Ctrl-C (130),
 * SIGTERM (143), and that the next run goes on to the same end. The engine is stopped with SIGSTOP as soon as the
 * ledger knows it, so that nothing here depends on how fast a machine is.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { createShop, fillShop } from "../world/demo/fill.js";
import { headgate, lastObject } from "../world/headgate.js";
import { compare } from "../world/oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "../world/source-database.js";
import type { SourceDatabase } from "../world/source-database.js";
import { targetDatabase } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";

const migration = "20261122_ends";
const arguments_ = ["run", "--until", "copied", "--json"];

let source: SourceDatabase;
let target: TargetDatabase;
let folder: string;

beforeAll(async () => {
  source = await sourceDatabase("faults_ends", "mysql9");
  const filler = await createConnection({
    uri: await sourceUrl("mysql9"),
    database: source.name,
    charset: "utf8mb4",
  });
  await createShop(filler);
  await fillShop(filler, 20261122, 0.05, () => undefined);
  await filler.end();
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
});
beforeEach(async () => {
  target = await targetDatabase("faults_ends");
  folder = mkdtempSync(join(tmpdir(), "headgate-ends-"));
  const made = await headgate(
    [
      ...["init", "--source", source.url, "--target", target.options.url],
      ...["--environment", "development", "--migration", migration],
    ],
    { cwd: folder },
  );
  expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
  return async () => {
    rmSync(folder, { recursive: true });
    await target[Symbol.asyncDispose]();
  };
});

interface Running {
  readonly child: ChildProcess;
  /** Exit code and what was printed: a killed process may have printed nothing. */
  readonly end: Promise<{ readonly code: number | null; readonly stdout: string }>;
}

/** A run that stands still (SIGSTOP) with the claim in its hands. */
async function stopped(): Promise<Running> {
  const child = spawn(process.execPath, [resolve("dist/src/cli/main.js"), ...arguments_], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const end = once(child, "close").then(([code]) => ({
    code: code as number | null,
    stdout,
  }));
  await using looking = await openPostgres(target.options);
  while (((await looking.view(migration))?.holder ?? null) === null) expect(child.exitCode).toBeNull();
  child.kill("SIGSTOP");
  return { child, end };
}

async function expectEqual(): Promise<void> {
  const from = await createConnection({
    uri: await sourceUrl("mysql9"),
    database: source.name,
    charset: "utf8mb4",
  });
  const to = new Client({ connectionString: target.url });
  await to.connect();
  const verdicts = await compare(from, to, { database: source.name, schema: "public" });
  await from.end();
  await to.end();
  expect(verdicts.length).toBeGreaterThan(10);
  expect(verdicts.filter((verdict) => !verdict.equal)).toEqual([]);
}

describe("a run", () => {
  it("is the only one: a second ends with 4 and names the first, which goes on untouched", async () => {
    const first = await stopped();
    const second = await headgate(arguments_, { cwd: folder });
    first.child.kill("SIGCONT");
    expect(second.code).toBe(4);
    const told = lastObject(second);
    expect(told).toMatchObject({ ok: false, exit: 4, error: { code: "claimed", retriable: false } });
    const { sentence } = told["error"] as { sentence: string };
    expect(sentence).toContain(`${hostname()}, pid ${first.child.pid ?? 0}, since 20`);
    expect((await first.end).code).toBe(0);
    await expectEqual();
  });

  it.each([
    ["SIGINT", 130, "interrupted"],
    ["SIGTERM", 143, "terminated"],
  ] as const)("that gets %s ends with %i, and the next one ends the work", async (signal, exit, code) => {
    const first = await stopped();
    first.child.kill(signal);
    first.child.kill("SIGCONT");
    const { code: ended, stdout } = await first.end;
    expect(ended).toBe(exit);
    expect(lastObject({ code: ended, stdout, stderr: "" })).toMatchObject({
      ok: false,
      exit,
      state: "stopped",
      rows: expect.any(Number) as number,
      bytes: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
      policies: [],
      error: { code, retriable: true },
      nextSteps: [{ command: "headgate run --until copied" }],
    });
    const second = await headgate(arguments_, { cwd: folder });
    expect([second.code, lastObject(second)["state"]]).toEqual([0, "copied"]);
    await expectEqual();
  });

  it("whose process is gone leaves a claim that the next one takes at once", async () => {
    const first = await stopped();
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    const second = await headgate(arguments_, { cwd: folder });
    expect([second.code, lastObject(second)["state"]]).toEqual([0, "copied"]);
    await expectEqual();
    const again = await headgate(arguments_, { cwd: folder });
    expect([again.code, lastObject(again)["state"]]).toEqual([0, "copied"]);
  });
});
