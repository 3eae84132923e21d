/**
 * The night itself: a first cutover, the application on the target, a release there that makes it slow, the trigger that
 * takes the traffic back by itself, the way forward again, a second cutover, the end. The application is told where to go by
 * a file that the hooks write, and by nothing else.
 */
import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { World } from "../world.js";
import type { Application } from "./application.js";
import { headgate, headgateInto, say, status, until, untilState } from "./commands.js";
import type { Side } from "./counter.js";
import { countAt, receiptsAgree, sidesAgree } from "./reckoning.js";
import { database } from "./schema.js";
import { application as login } from "./shop.js";

/** What the application listens to: the name of the side that serves, taken over whole or not at all. */
const route = `import { renameSync, writeFileSync } from "node:fs";
writeFileSync("routing.new", process.argv[2] + "\\n");
renameSync("routing.new", "routing");
console.log(\`traffic goes to the \${process.argv[2]}\`);
`;

/** A pager that leaves what it was called for in a file. */
const page = `import { appendFileSync } from "node:fs";
const { HEADGATE_TRIGGER: trigger, HEADGATE_REASON: reason, HEADGATE_ACT: act } = process.env;
appendFileSync("pages.log", JSON.stringify({ trigger, reason, act }) + "\\n");
`;

/** The keys of the night, and the programs that they name. */
export function prepareNight(directory: string, { source }: World): void {
  writeFileSync(join(directory, "route.mjs"), route);
  writeFileSync(join(directory, "page.mjs"), page);
  const node = JSON.stringify(process.execPath);
  const lines = `cutover:
  maxWritePause: 30s
  fence: { method: accounts, accounts: [${login.user}] }
  open: { roles: [${login.user}] }
hooks:
  switch: [${node}, route.mjs, target]
  after-rollback: [${node}, route.mjs, source]
  latency: [cat, latency.json]
  page: [${node}, page.mjs]
triggers: { p95Increase: { above: 3, for: 6s } }
`;
  const file = join(directory, "headgate.yaml");
  const admin = new URL(source);
  admin.pathname = `/${database}`;
  const text = readFileSync(file, "utf8").replace(/^source:\n/mu, `source:\n  admin: ${admin.href}\n`);
  writeFileSync(file, `${text}\n${lines}`);
  say(`\n$ cat >> headgate.yaml\n${lines.trimEnd()}`);
}

export interface NightParts {
  readonly directory: string;
  readonly servers: World;
  readonly engine: ChildProcess;
  readonly shop: Application;
}

/** Resolves to whether everything is as it must be. */
export async function night(parts: NightParts): Promise<boolean> {
  const { directory, servers, engine, shop } = parts;
  await cutOver(parts);
  // Far beyond the trigger's threshold, on a machine of any speed.
  const slower = Math.max(500, Math.ceil(8 * p95At(directory)));
  say(
    `\nA release goes out whose every transaction takes ${(slower / 1000).toFixed(1)} s longer on the target.`,
  );
  shop.slowDown(slower);
  await until(
    engine,
    () => status(directory),
    ({ state }) => state !== "soaking",
  );
  await untilState(engine, directory, "ready");
  shop.slowDown(0);
  say(`\nPages: ${readFileSync(join(directory, "pages.log"), "utf8").trimEnd()}`);
  await wrote(parts, "source", "The source serves again, and the target is kept in step");
  await headgateInto(directory, ["runbook"], "runbook.md");
  await cutOver(parts);
  await shop.stop();
  await until(
    engine,
    async () => (await countAt(servers, "source")) === (await countAt(servers, "target")),
    Boolean,
  );
  const agree = await sidesAgree(servers);
  await headgate(directory, ["complete", "--yes"]);
  return (await receiptsAgree(servers, "target", shop)) && agree;
}

const latencySchema = z.object({ p95Ms: z.object({ transaction: z.number() }) });

/** Of the application's transactions, as the hook tells it. */
function p95At(directory: string): number {
  return latencySchema.parse(JSON.parse(readFileSync(join(directory, "latency.json"), "utf8"))).p95Ms
    .transaction;
}

async function cutOver(parts: NightParts): Promise<void> {
  const { directory, shop } = parts;
  shop.longestWait();
  await headgate(directory, ["cutover", "--yes"]);
  await wrote(parts, "target", "The application is on the target");
}

/** Until that side has acknowledged a hundred more. */
async function wrote({ engine, shop }: NightParts, side: Side, what: string): Promise<void> {
  const before = shop.acknowledged[side];
  while (shop.acknowledged[side] < before + 100) {
    if (engine.exitCode !== null) throw new Error("the engine ended");
    await pause(100);
  }
  say(`${what}; it waited ${shop.longestWait().toFixed(2)} s at the longest.`);
}
