/**
 * The stack for programs: bring servers up, take them down, kill and start them. Every call works on the servers of
 * this checkout; calls of several processes wait for each other, and one that finds everything running does not
 * wait at all. Servers outlive the caller until `down`.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./identity.js";
import { withLock } from "./lock.js";
import { names, needsOf } from "./names.js";
import type { Name } from "./names.js";
import { dataFolder } from "./place.js";
import { firstPort, freePort, isFree } from "./port.js";
import { findPrograms } from "./programs.js";
import type { Programs } from "./offer.js";
import type { Provider } from "./programs.js";
import { Refusal, say } from "./refusal.js";
import { homeOf } from "./home.js";
import { failedToStart, initialize, killNow, launch, stop, untilReady, urlOf } from "./server.js";
import { readState, writeState } from "./state.js";
import type { ServerState, State } from "./state.js";

/** A running server. */
export interface Server {
  /** An administrator's URL: root or postgres, no password, loopback. */
  readonly url: string;
  readonly pid: number;
  /** Path of the server's own log. */
  readonly log: string;
}

/** A server as `ps` lists it. */
export interface Listed extends Server {
  readonly name: Name;
  readonly version: string;
  readonly provider: string;
}

/** Brings the named servers up, each once, downloading what is missing. Throws Refusal where it can't. */
export async function up<N extends Name>(
  wanted: readonly N[],
  provider: Provider = "auto",
): Promise<Record<N, Server>> {
  const folder = dataFolder();
  const all = new Set([...wanted.flatMap(needsOf), ...wanted]);
  if (![...all].every((name) => isUp(readState(folder)[name]))) {
    await changing(folder, async (state) => {
      const coming = new Map<Name, Promise<void>>();
      const bring = async (name: Name): Promise<void> => {
        for (const one of needsOf(name)) await coming.get(one);
        await bringUp(name, provider, folder, state);
      };
      // Those that others need stand first.
      for (const name of all) coming.set(name, bring(name));
      const results = await Promise.allSettled([...coming.values()]);
      // All have ended, one way or the other, before the first failure is told and the lock given up.
      for (const result of results) if (result.status === "rejected") throw result.reason;
    });
  }
  const state = readState(folder);
  const running = wanted.map((name) => [name, described(name, folder, state[name])] as const);
  return Object.fromEntries(running) as Record<N, Server>;
}

/** Stops the named servers, or all; gives the names of those that ran. */
export async function down(wanted: readonly Name[] = names): Promise<readonly Name[]> {
  return ending(wanted, (name, one) => stop(name, one));
}

/** kill -9: what a crash leaves is what the next start finds. */
export async function kill(name: Name): Promise<void> {
  await ending([name], (_, one) => killNow(one));
}

/** Starts a server that was stopped or killed, on the same port and data. */
export async function start(name: Name): Promise<Server> {
  return (await up([name]))[name];
}

export async function restart(name: Name): Promise<Server> {
  await down([name]);
  return start(name);
}

/** The servers of this checkout that run now. */
export function list(): readonly Listed[] {
  const folder = dataFolder();
  const state = readState(folder);
  return names.flatMap((name) => {
    const one = state[name];
    if (one === undefined || !isUp(one)) return [];
    return [{ name, version: one.version, provider: one.provider, ...described(name, folder, one) }];
  });
}

/** The state, and how to change one server's part of it for good. */
interface Changing {
  readonly get: (name: Name) => ServerState | undefined;
  readonly set: (name: Name, next: ServerState) => void;
  readonly ports: () => ReadonlySet<number>;
}

async function changing(folder: string, work: (state: Changing) => Promise<void>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await withLock(join(folder, "lock"), async () => {
    const state: State = readState(folder);
    await work({
      get: (name) => state[name],
      set: (name, next) => {
        state[name] = next;
        writeState(folder, state);
      },
      ports: () => new Set(Object.values(state).map((one) => one.port)),
    });
  });
}

async function bringUp(name: Name, provider: Provider, folder: string, state: Changing): Promise<void> {
  const home = homeOf(folder, name);
  const before = state.get(name);
  if (before?.process !== undefined && isAlive(before.process)) {
    if (before.ready) return;
    // Whoever started it was stopped before it answered.
    if (await untilReady(name, before.process, home, before.port)) {
      state.set(name, { ...before, ready: true });
      return;
    }
  }
  const programs = await findPrograms(name, provider);
  await initialize(name, programs, home);
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await portFor(name, folder, state);
    if (await startOn(port, name, programs, folder, state)) return;
    // Somebody may have taken the port between the look and the start; nothing else is worth a second attempt.
    if (await isFree(port)) break;
  }
  throw failedToStart(name, home);
}

async function startOn(
  port: number,
  name: Name,
  programs: Programs,
  folder: string,
  state: Changing,
): Promise<boolean> {
  const home = homeOf(folder, name);
  const { version, provider } = programs;
  state.set(name, { port, version, provider, ready: false });
  const taken = state.ports();
  const process = await launch(name, { programs, home, port, broker: state.get("kafka")?.port, taken });
  state.set(name, { port, version, provider, process, ready: false });
  if (!(await untilReady(name, process, home, port))) return false;
  state.set(name, { port, version, provider, process, ready: true });
  return true;
}

/** The port it had before, where that is free; tests that kill a server rely on it. */
async function portFor(name: Name, folder: string, state: Changing): Promise<number> {
  const before = state.get(name)?.port;
  if (before !== undefined) {
    if (await isFree(before)) return before;
    say(`${name}: port ${before} is taken by another program; moving to a free one`);
  }
  const port = await freePort(firstPort(folder, name), state.ports());
  state.set(name, { port, provider: "", version: "", ready: false });
  return port;
}

async function ending(
  wanted: readonly Name[],
  end: (name: Name, one: NonNullable<ServerState["process"]>) => Promise<void>,
): Promise<readonly Name[]> {
  const ended: Name[] = [];
  await changing(dataFolder(), async (state) => {
    const endOne = async (name: Name): Promise<void> => {
      const one = state.get(name);
      if (one?.process === undefined) return;
      const { process, ...rest } = one;
      if (isAlive(process)) {
        await end(name, process);
        ended.push(name);
      }
      state.set(name, { ...rest, ready: false });
    };
    const needed = new Set(wanted.flatMap(needsOf));
    await Promise.all(wanted.filter((name) => !needed.has(name)).map(endOne));
    await Promise.all(wanted.filter((name) => needed.has(name)).map(endOne));
  });
  return ended;
}

function isUp(one: ServerState | undefined): boolean {
  return one?.ready === true && one.process !== undefined && isAlive(one.process);
}

function described(name: Name, folder: string, one: ServerState | undefined): Server {
  if (one?.process === undefined) throw new Refusal(1, `${name} was stopped while it was brought up.`);
  return { url: urlOf(name, one.port), pid: one.process.pid, log: homeOf(folder, name).log };
}
