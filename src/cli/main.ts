#!/usr/bin/env node
/**
 * The composition root: the only file that knows the process, the terminal, the clock and the connectors. It
 * turns them into Services, runs one verb, and sets the exit code. Connectors are loaded on demand, so that
 * `--help` answers at once.
 */
import { hostname } from "node:os";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tls } from "../config/url.js";
import { Fault, exits } from "../errors.js";
import { layeredSource } from "../safety/layered-source.js";
import { stopReason } from "../stop.js";
import { runProgram } from "./program.js";
import { spawnHook } from "./spawn.js";
import type { Services } from "./services.js";

function signals(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    // A second Ctrl-C means now: ranges are transactions, so nothing half-done can stay.
    if (controller.signal.aborted) process.exit(130);
    controller.abort(
      new Fault(
        "interrupted",
        "Stopped by Ctrl-C; what was committed stays, the rest goes on at the next run.",
      ),
    );
  });
  process.on("SIGTERM", () => {
    controller.abort(
      new Fault(
        "terminated",
        "Stopped by SIGTERM; what was committed stays, the rest goes on at the next run.",
      ),
    );
  });
  return controller.signal;
}

/**
 * Output that nobody takes. A reader who has seen enough (`| head`) is no error, and no reason to stop an engine;
 * a full disk is one, and where even stderr is gone the exit code alone is left to say so.
 */
function outputs(): void {
  const lost = (name: string) => (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.once("exit", () => (process.exitCode = exits.usage));
    if (name === "stdout")
      process.stderr.write(
        `file-refused: standard output cannot be written (${error.code ?? error.message}).\n`,
      );
  };
  process.stdout.on("error", lost("stdout"));
  process.stderr.on("error", lost("stderr"));
}

async function ask(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

const now = (): number => performance.now();

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? stopReason(signal) : error;
  }
}

/** MySQL or MariaDB; with `kafka` its changes come from there. */
const openSource: Services["openSource"] = async (server, tls, kafka, spill) => {
  const { openMysql } = await import("../../connectors/mysql/source.js");
  const source = await openMysql({ ...server, tls, ...(spill === undefined ? {} : { spill }) });
  if (kafka === null) return source;
  const { overKafka } = await import("../../connectors/kafka/over-kafka.js");
  const { host, port, user, password } = server;
  const login = { host, port, user, password, tls: tls.mode !== "off" };
  return layeredSource(source, overKafka({ source, login, endpoint: kafka, now, wait }));
};

function postgresTls(
  tls: Tls,
): { readonly mode: "off" } | { readonly mode: "verify-full"; readonly ca: string | null } {
  return tls.mode === "off" ? { mode: "off" } : { mode: tls.mode, ca: tls.ca ?? null };
}

const services: Services = {
  env: process.env,
  streams: {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  },
  terminal: process.stdin.isTTY && process.stderr.isTTY,
  size: process.stderr,
  signal: signals(),
  now,
  today: () => new Date(),
  wait,
  ask,
  openSource,
  openTarget: async (url, tls, engine, wayBack) => {
    const { openPostgres } = await import("../../connectors/postgres/target.js");
    return await openPostgres({
      url,
      tls: postgresTls(tls),
      engine,
      ...(wayBack === undefined ? {} : { wayBack }),
    });
  },
  openSourceNight: async ({ server, tls, method, accounts, raise, lower, ...beside }) => {
    const { openSourceNight } = await import("../../connectors/mysql/night/night.js");
    const { reverseLedger } = await import("../../connectors/mysql/apply/ledger.js");
    const login = { ...server, tls };
    return await openSourceNight({
      ...beside,
      now,
      server: login,
      way: method === "hook" ? { method, accounts, raise, lower } : { method, accounts },
      wayBack: reverseLedger(login, beside.migration),
    });
  },
  sourceTraces: async (server, tls, migration) => {
    const { openTraces } = await import("../../connectors/mysql/traces.js");
    return openTraces({ server: { ...server, tls }, migration });
  },
  reverseLedger: async (server, tls, migration) => {
    const { reverseLedger } = await import("../../connectors/mysql/apply/ledger.js");
    return reverseLedger({ ...server, tls }, migration);
  },
  sourceProbe: async (server, tls, plan) => {
    const { sourceProbe } = await import("../../connectors/mysql/night/probe.js");
    return sourceProbe({ ...server, tls }, plan);
  },
  targetProbe: async (url, tls, plan) => {
    const { targetProbe } = await import("../../connectors/postgres/night/probe.js");
    return targetProbe({ url, tls: postgresTls(tls), engine: { host: hostname(), pid: process.pid } }, plan);
  },
  sourceVitals: async (server, tls) => {
    const { MysqlVitals } = await import("../../connectors/mysql/vitals.js");
    return new MysqlVitals({ ...server, tls }, now);
  },
  targetVitals: async (url, tls) => {
    const { PostgresVitals } = await import("../../connectors/postgres/vitals.js");
    return new PostgresVitals(
      { url, tls: postgresTls(tls), engine: { host: hostname(), pid: process.pid } },
      now,
    );
  },
  spawn: spawnHook,
  moment: () => undefined,
  streamMoment: () => undefined,
  verifyMoment: () => undefined,
};

outputs();
process.exitCode = await runProgram(process.argv.slice(2), services);
