/**
 * One server's life: set up once, started as a process of its own that outlives the command, known to be ready when
 * it answers with our data folder, stopped or killed by the identity it was started with.
 */
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { renameSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { childrenOf, identityOf, isAlive } from "./identity.js";
import type { Identity } from "./identity.js";
import { families } from "./families.js";
import type { FamilyLife } from "./families.js";
import type { Home } from "./home.js";
import type { Start } from "./jvm.js";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import { serverAccount, serverFolder } from "./place.js";
import type { Programs } from "./offer.js";
import { Refusal, say, sentenceOf } from "./refusal.js";

export function urlOf(name: Name, port: number): string {
  return lifeOf(name).url(port);
}

function lifeOf(name: Name): FamilyLife {
  return families[kinds[name].family];
}

/** Sets the server up where it isn't; in a folder beside its own, so that half a setup is never taken for one. */
export async function initialize(name: Name, programs: Programs, home: Home): Promise<void> {
  if (existsSync(home.data)) return;
  say(`setting up ${kinds[name].title} (${programs.version}, ${programs.provider})`);
  const draft = `${home.data}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(home.data, ".."), { recursive: true });
  serverFolder(draft);
  await lifeOf(name).initialize(name, programs, home, draft);
  renameSync(draft, home.data);
}

/** Starts the process and gives its identity; whether it comes up is for `untilReady` to say. */
export async function launch(name: Name, start: Start): Promise<Identity> {
  const { programs, home } = start;
  const command = await lifeOf(name).command(name, start);
  mkdirSync(join(home.log, ".."), { recursive: true });
  const log = openSync(home.log, "a", 0o644);
  const account = serverAccount();
  if (account !== undefined) chownSync(home.log, account.uid, account.gid);
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    // Of its own session: it survives the npm command, its terminal and its Ctrl-C.
    detached: true,
    cwd: home.data,
    env: { PATH: process.env["PATH"], TZ: "UTC", LC_ALL: "C", ...programs.env },
    stdio: ["ignore", log, log],
    ...account,
  });
  closeSync(log);
  child.on("error", (error) => say(`${name}: ${error.message}`));
  child.unref();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) throw failedToStart(name, home);
  return identity;
}

/** Waits until the server answers; recovery after a kill is part of it. False: it ended without an answer. */
export async function untilReady(name: Name, process: Identity, home: Home, port: number): Promise<boolean> {
  const deadline = Date.now() + 180_000;
  let last = "";
  while (isAlive(process)) {
    try {
      const other = await lifeOf(name).answer(home, port);
      if (other === undefined) return true;
      last = other;
    } catch (error) {
      last = sentenceOf(error);
    }
    if (Date.now() > deadline) {
      throw new Refusal(1, `${name} runs and does not answer: ${last}`, `less ${home.log}`);
    }
    await pause(30);
  }
  return false;
}

/** Asks the server to end its transactions and close its files, and waits until it has. */
export async function stop(name: Name, process: Identity): Promise<void> {
  const { stop: ask, patience } = lifeOf(name);
  signal(process, ask);
  if (await gone([process], patience)) return;
  say(`${name} did not stop within ${patience / 1000} seconds: killing it`);
  await killNow(process);
}

/** kill -9, children included, as a machine's own end would be. */
export async function killNow(process: Identity): Promise<void> {
  const all = [process, ...childrenOf(process.pid)];
  for (const one of all) signal(one, "SIGKILL");
  if (!(await gone(all, 30_000))) throw new Refusal(1, `Process ${process.pid} outlives kill -9.`);
}

function signal(one: Identity, name: NodeJS.Signals): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function gone(all: readonly Identity[], patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (all.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await pause(20);
  }
  return true;
}

export function failedToStart(name: Name, home: Home): Refusal {
  const tail = existsSync(home.log) ? readFileSync(home.log, "utf8").trim().split("\n").slice(-12) : [];
  const lines = tail.map((line) => `\n  ${line}`).join("");
  return new Refusal(
    1,
    `${kinds[name].title} did not start. The end of its log:${lines}`,
    `less ${home.log}`,
  );
}
