/**
 * Real schemas under an application that writes to them: each database is copied and followed by an engine of its own,
 * as a user types it, while sessions change its rows; then they stop, the lanes come level, and the oracle judges. In
 * the gate all of them at once for ten minutes, in `npm test` one for a few transactions.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { asEngine } from "./accounts.js";
import { corpora, corpusMissing, dropCorpus, loadCorpus } from "./corpus.js";
import { headgate } from "./headgate.js";
import { judges, startHeadgate, unequal } from "./journey.js";
import type { Running } from "./journey.js";
import { compare } from "./oracle/oracle.js";
import { engineOptions, openDriver, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { openCorpusWriter } from "./writer/corpus-writer.js";
import type { CorpusWriter } from "./writer/corpus-writer.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const minutes = Number(process.env["HEADGATE_TEST_MINUTES"] ?? (gate ? 10 : 0));
const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
const chosen = corpora.filter(({ folder }) => gate || folder === "chinook");
/** Past the moment of being ready. */
const atLeast = gate ? 500 : 60;

interface Made {
  readonly database: string;
  readonly target: TargetDatabase;
  readonly folder: string;
}

interface Going extends Made {
  readonly writer: CorpusWriter;
  readonly running: Running;
}

const title =
  "a real database is copied and followed while it is written to, and every table is equal by the oracle";

it(title, { timeout: (minutes + 15) * 60_000 }, async (context) => {
  if (corpusMissing !== null) context.skip(corpusMissing);
  console.log(`HEADGATE_SEED=${String(seed)}`);
  const from = await sourceUrl("mysql9");
  const open: Going[] = [];
  try {
    for (const corpus of chosen) await loadCorpus(from, corpus);
    const databases = chosen.flatMap((corpus) => corpus.databases);
    // All of them first: engines that run share the host's two workers with whoever looks at values.
    const made: Made[] = [];
    for (const database of databases) made.push(await configured(from, database));
    for (const [number, one] of made.entries()) open.push(await begun(from, one, seed + number));
    for (const { running } of open) await running.logged(/"msg":"going-on"/u);
    const end = performance.now() + minutes * 60_000;
    for (const { writer } of open) await writer.reached(writer.committed + atLeast);
    for (const { writer } of open) while (performance.now() < end) await writer.reached(writer.committed + 1);
    for (const { writer } of open) await writer.stop();
    for (const going of open) await judged(from, going);
  } finally {
    for (const { folder, target, writer, running } of open) {
      running.child.kill("SIGKILL");
      await running.end;
      rmSync(folder, { recursive: true });
      await writer[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    }
    for (const corpus of chosen) await dropCorpus(from, corpus);
  }
});

/** The config that init makes for it. */
async function configured(from: string, database: string): Promise<Made> {
  const target = await targetDatabase(`hg_live_${database.toLowerCase()}`);
  const folder = mkdtempSync(join(tmpdir(), "headgate-live-"));
  await engineOptions(from, database);
  const made = await headgate(
    [
      ...["init", "--source", asEngine(from, database), "--target", target.options.url],
      ...["--environment", "development", "--migration", "20261127_live"],
    ],
    { cwd: folder },
  );
  expect(made.code, made.stderr).toBe(0);
  return { database, target, folder };
}

/** Its rows change, and its engine runs. */
async function begun(from: string, made: Made, own: number): Promise<Going> {
  const { database, folder } = made;
  const writer = await openCorpusWriter({ url: from, database, seed: own, sessions: 2, perSecond: 5 });
  writer.start();
  await writer.reached(5);
  return { ...made, writer, running: startHeadgate(["run", "--json"], { cwd: folder }) };
}

/** Nobody writes any more: everything that the source has is applied, and nothing else. */
async function judged(from: string, { database, target, writer, running }: Going): Promise<void> {
  const admin = await openDriver(from);
  try {
    const cell = async (sql: string): Promise<string> => {
      const [rows] = await admin.query<RowDataPacket[][]>(sql);
      const value: unknown = rows[0]?.[0];
      return typeof value === "string" ? value : "";
    };
    const end = await cell("SELECT @@GLOBAL.gtid_executed");
    for (let level = false; !level;) {
      if (running.child.exitCode !== null) throw new Error((await running.end).stderr.slice(-4000));
      const lanes = await target.sql("SELECT position->>'set' AS at FROM headgate.lane");
      const asked = lanes.map(({ at }) => `GTID_SUBSET(${admin.escape(end)}, ${admin.escape(at)})`);
      level = (await cell(`SELECT ${asked.join(" AND ")}`)) === "1";
    }
  } finally {
    await admin.end();
  }
  running.child.kill("SIGTERM");
  const ended = await running.end;
  expect(ended.code, ended.stderr.slice(-4000)).toBe(143);
  expect(ended.stderr).not.toMatch(/quarantined|stands before|change by change/u);
  const url = new URL(from);
  url.pathname = `/${encodeURIComponent(database)}`;
  const [source, there] = await judges(url.href, target.url);
  try {
    const verdicts = await compare(source, there, { database, schema: "public" });
    expect(verdicts.length).toBeGreaterThan(0);
    expect(unequal(verdicts)).toEqual([]);
    const rows = verdicts.reduce((sum, { rowsSource }) => sum + Number(rowsSource), 0);
    console.log(
      `${database}: ${String(verdicts.length)} tables, ${String(rows)} rows equal, ${JSON.stringify(writer.endings)}`,
    );
  } finally {
    await source.end();
    await there.end();
  }
  const unproven = await target.sql(
    "SELECT conname FROM pg_constraint WHERE NOT convalidated AND connamespace = 'public'::regnamespace",
  );
  expect(unproven).toEqual([]);
}
