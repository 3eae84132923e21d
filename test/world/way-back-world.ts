/**
 * A migration after its switch, as far as comparing needs one: an offline copy, the target's log read by the feed of the way
 * back, the stream of the engine, the writer of the source, and what the soak's verification and the rollback's proof work with.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reverseLedger } from "../../connectors/mysql/apply/ledger.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { openWayBack } from "../../connectors/postgres/logical/way-back.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { ReverseLedger, WayBack } from "../../src/cutover-port.js";
import { Fault } from "../../src/errors.js";
import { wayBackVerification } from "../../src/migration/soak-verifier.js";
import type { Plan } from "../../src/model.js";
import { readPlan } from "../../src/plan/file.js";
import { stopReason } from "../../src/stop.js";
import type { LaneWriter } from "../../src/stream-port.js";
import { openStream } from "../../src/stream/stream.js";
import { wayBackLane, wayBackOptions, wayBackPlan } from "../../src/stream/way-back.js";
import type { VerificationTools } from "../../src/verify/verification.js";
import type { KeptText } from "../../src/verify/kept-ledger.js";
import { grantStatements as targetGrants } from "../../connectors/postgres/grants.js";
import { engineName, enginePassword, enginePhases } from "./accounts.js";
import type { Journey } from "./journey.js";
import { liveTools } from "./live-verifier.js";

export interface WayBackWorld extends AsyncDisposable {
  readonly plan: Plan;
  readonly wayBack: WayBack;
  readonly reverse: ReverseLedger;
  /** New ones, as an engine that takes over has them. */
  tools(): Promise<VerificationTools>;
  readonly text: KeptText & { text: string | null };
  /** Everything that the target has committed by now is at the source. */
  level(): Promise<void>;
  /** Fails as soon as the stream does: nobody waits for what will never come. */
  alive<T>(act: Promise<T>): Promise<T>;
  /** Ends the stream. */
  still(): Promise<void>;
  writer(): Promise<LaneWriter>;
}

const epoch = "1";

const wait = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? stopReason(signal) : error;
  }
};

/** What the engine's role needs on the target beside the copy's rights, as `check --grants` prints it. */
async function allow({ source, target }: Journey): Promise<void> {
  const role = engineName(source.name);
  const there = { role, database: source.name, schema: "public", schemaExists: true };
  for (const { phase, statements } of targetGrants(there))
    if (phase === "way back") for (const sql of statements) await target.sql(sql);
}

/** Who writes the way back at the source. */
const writerAccount = "hg_way_home";

/** Copies what is there, and begins the way back. */
export async function wayBackWorld(
  trip: Journey,
  moment?: (moment: string) => void | Promise<void>,
): Promise<WayBackWorld> {
  await trip.said(0, "run", "--until", "copied");
  const plan = readPlan(readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"));
  const source = await openMysql(trip.source.options);
  const target = await openPostgres(trip.target.options);
  const facts = await source.facts();
  const ledger = await target.claim(plan, facts.identity);
  const now = (): number => performance.now();
  await allow(trip);
  const asked = {
    server: trip.target.options,
    migration: trip.migration,
    now,
    wait,
  };
  const wayBack = openWayBack(asked);
  const turned = wayBackPlan(plan);
  const start = await wayBack.prepare(turned);
  const phases = [...enginePhases, "way back"];
  await trip.source.account(writerAccount, enginePassword, "copy", phases);
  const account = { user: writerAccount, password: enginePassword };
  const reverse = reverseLedger({ ...trip.source.options, ...account }, trip.migration);
  // A life that was killed leaves its checkpoint in the server's database of ours, and not its slot.
  await reverse.drop(trip.migration);
  await reverse.prepare(turned);
  await reverse.claim(turned, epoch);
  const from = (await reverse.checkpoint(trip.migration)) ?? { seq: 0n, position: null };
  const feed = await wayBack.feed(turned);
  const stop = new AbortController();
  const enough = new Fault("interrupted", "The test has seen enough.");
  if (facts.engine === "postgres") throw new Error("the source is PostgreSQL");
  const { engine } = facts;
  const stream = openStream({
    ...wayBackOptions(start),
    ...{ feed, plan: turned, engine, now, wait, skips: new Set<string>() },
    writer: () => reverse.lane(turned, epoch),
    mark: (_lane, note) => wayBack.mark(note),
    batchRows: 500,
    onEvent: () => undefined,
    keep: () => Promise.resolve(),
    signal: stop.signal,
  });
  const ended = stream.run().then(
    () => null,
    (error: unknown) => error,
  );
  const text = {
    text: null as string | null,
    read: () => Promise.resolve(text.text),
    write: (all: string) => {
      text.text = all;
      return Promise.resolve();
    },
  };
  const unused = { caughtUp: () => Promise.reject(new Error("the way forward is closed")) };
  const parts = { source, target, ledger, plan, engine, following: unused, joined: () => true, moment };
  const tools = (): Promise<VerificationTools> =>
    wayBackVerification({
      tools: liveTools({ ...parts, rangeRows: 200 }),
      ...{ target, wayBack, reverse, from, text },
      lanes: () => stream.lanes,
      standing: () => stream.standing,
      holds: (later, earlier) => feed.holds(later, earlier),
      cutover: `${trip.migration}-1`,
      clock: () => "then",
    });
  const still = async (): Promise<void> => {
    stop.abort(enough);
    const error = await ended;
    if (error !== enough && error !== null)
      throw error instanceof Error ? error : new Error("the way back has ended");
  };
  const alive: WayBackWorld["alive"] = (act) =>
    Promise.race([
      act,
      ended.then((error) => {
        throw error instanceof Error ? error : new Error("the way back has ended");
      }),
    ]);
  return {
    ...{ plan, wayBack, reverse, tools, text, still, alive },
    level: async () => {
      const { following } = await tools();
      await alive(following?.caughtUp(wayBackLane, stop.signal) ?? Promise.resolve());
    },
    writer: () => reverse.lane(turned, epoch),
    [Symbol.asyncDispose]: async () => {
      stop.abort(enough);
      await ended;
      await feed[Symbol.asyncDispose]();
      await wayBack.drop(turned);
      await wayBack[Symbol.asyncDispose]();
      await reverse.drop(trip.migration);
      await ledger[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
    },
  };
}
