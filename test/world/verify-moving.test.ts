/**
 * Verification while everything moves: the seeded writer writes, an engine applies, and the same engine verifies round
 * after round. While nobody breaks anything nothing is named. Then rows of the target are changed behind the engine's
 * back at seeded moments of the verification and of the apply, and changes are lost between log and stream: each round
 * names nothing but these, and the last one all of them, to the row and the column, with the oracle as witness.
 * HEADGATE_SEED repeats a life; HEADGATE_TEST_LIVES and HEADGATE_TEST_ROUNDS (before anything is broken) ask for more.
 */
import { Client } from "pg";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { applyMoments } from "../../connectors/postgres/apply/moments.js";
import { streamMoments } from "../../src/stream/moments.js";
import { verifyMoments } from "../../src/verify/moments.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "./accounts.js";
import { lineOf, namedLines } from "./live-verifier.js";
import { startLive } from "./live.js";
import type { Live } from "./live.js";
import { combinations, serversAreNamed } from "./matrix.js";
import type { Combination } from "./matrix.js";
import { Breaker, atRest, atWork, openBehind } from "./moving/breaker.js";
import { LossyFeed } from "./moving/lossy-feed.js";
import { Schedule } from "./moving/schedule.js";
import { addStillRows, hotRows, quietRows, stillRows } from "./moving/still-rows.js";
import { expectWitnessed } from "./moving/witness.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import { openWriter } from "./writer/writer.js";

const given = process.env["HEADGATE_SEED"];
const first = Number(given ?? freshSeed());
const lives = given === undefined ? Number(process.env["HEADGATE_TEST_LIVES"] ?? 1) : 1;
const cleanRounds = Number(process.env["HEADGATE_TEST_ROUNDS"] ?? 2);
/** Rows that are broken in one life, of those that the writer leaves alone and of its own. */
const broken = { still: 14, hot: 8, late: 4 } as const;
/** Rounds after which every moment has to have been met. */
const mostRounds = 12;

const looks = verifyMoments.filter((moment) => moment.startsWith("verify:"));
const applies = [...streamMoments, ...applyMoments].filter((moment) => /^(?:batch|apply):/u.test(moment));

/** Rows without a key, that the writer deletes by all their values: a changed one would stop the lane. */
const keyless = ["moves", "loose"];

/** In `npm test` one of them, another each time. */
const all = process.env["HEADGATE_GATE"] === "1" || serversAreNamed;
const chosen = combinations.filter((_, at) => all || at === first % combinations.length);

describe.each(chosen)("from $source to $target", (servers) => {
  it.each(Array.from({ length: lives }, (_, at) => first + at))(
    "names what was broken and nothing else (seed %i)",
    { timeout: 300_000 },
    async (seed) => {
      await life(servers, seed);
    },
  );
});

async function life({ source: server, target: targetServer }: Combination, seed: number): Promise<void> {
  const name = "verify_moving";
  const random = new Random(seed);
  const engine = server === "mariadb" ? "mariadb" : "mysql";
  await using source = await sourceDatabase(name, server);
  await using target = await targetDatabase(name, targetServer);
  const url = new URL(await sourceUrl(server));
  url.pathname = `/${name}`;
  await using writer = await openWriter({ url: url.href, seed, sessions: 3, perSecond: 12 });
  const hand = await createConnection({ uri: url.href, charset: "utf8mb4" });
  const behind = [new Client(loginOf(target.url)), new Client(loginOf(target.url))] as const;
  try {
    await addStillRows(hand, writer.tables, random);
    // A copy that begins while something is prepared is refused, by name.
    writer.xa = false;
    writer.start();
    await writer.reached(40);
    const feed = new LossyFeed();
    const schedule = new Schedule();
    await using live = startLive({
      source: source.options,
      target: target.options,
      migration: `20261127_${name}`,
      batchRows: 100,
      rangeRows: 500,
      moment: schedule.moment,
      between: feed.between,
      verifies: true,
    });
    await live.event("going-on");
    writer.xa = true;
    for (const client of behind) await openBehind(client);
    const round = async (number: number): Promise<string[]> => {
      const request = { method: number % 2 === 0 ? "stream" : "digest", full: number % 3 !== 2 } as const;
      const verified = await live.verify(request);
      await schedule.settled();
      // In one lane a batch holds whole transactions, and no table with a parent is broken: any other verdict is a false alarm.
      expect(verified.orphans.length).toBeGreaterThan(4);
      expect(verified.orphans.filter(({ result }) => result !== "holds")).toEqual([]);
      return namedLines(verified, engine);
    };
    const before = writer.log.length;
    for (let number = 0; number < cleanRounds; number++)
      expect([number, await round(number)]).toEqual([number, []]);
    const clean = writer.log.length - before;
    expect(clean).toBeGreaterThan(0);

    const plan = live.plan;
    if (plan === null) throw new Error("there is no plan");
    const tables = plan.tables.filter(({ source: table }) =>
      writer.tables.some(({ name: known }) => known === table),
    );
    expect(tables.flatMap(({ foreignKeys = [] }) => foreignKeys)).toEqual([]);
    const keyed = tables.filter(({ source: table }) => !keyless.includes(table));
    const stillOnes = new Breaker({ ...plan, tables }, seed, hand, behind[0], stillRows);
    const hotOnes = new Breaker({ ...plan, tables: keyed }, seed + 1, hand, behind[1], hotRows);
    const moment = (): string => random.pick([...looks, ...applies]);
    for (let n = 0; n < broken.still; n++)
      schedule.at(n === 0 ? "verify:looking" : moment(), 1 + random.below(3), true, () =>
        stillOnes.breakOne(atRest),
      );
    // What the writer works on may be locked by the very batch that the moment belongs to.
    for (let n = 0; n < broken.hot; n++)
      schedule.at(moment(), 1 + random.below(4), false, () => hotOnes.breakOne(atWork));
    const lost = lostLines(random);
    const losing = loseChanges(feed, live, hand, lost);
    const hot = (line: string): boolean => hotOnes.lines.includes(line);
    const known = (line: string): boolean =>
      hot(line) || stillOnes.lines.includes(line) || lost.some(({ lines }) => lines.includes(line));
    let rounds = 0;
    for (; schedule.open.length > 0; rounds++) {
      if (rounds === mostRounds) throw new Error(`never met: ${schedule.open.join(", ")}`);
      const named = await round(rounds);
      expect([rounds, named.filter((line) => !known(line))]).toEqual([rounds, []]);
    }
    await losing;
    await writer.stop();
    // What is applied last may not touch these any more.
    for (let n = 0; n < broken.late; n++) await hotOnes.breakOne(atWork);
    await live.level();
    const last = await live.verify();
    const named = namedLines(last, engine);
    const toFind = [...stillOnes.lines, ...lost.flatMap(({ lines }) => lines)];
    expect(last.outcome.pending).toBe(0n);
    expect(named.filter((line) => !hot(line)).sort()).toEqual(toFind.sort());
    await expectWitnessed(url.href, target.url, named, [...stillOnes.beyondOracle, ...hotOnes.beyondOracle]);
    await live.stop();
    console.log(
      `HEADGATE_SEED=${String(seed)} ${server}: ${String(cleanRounds)} rounds over ${String(clean)} transactions named nothing; then in ${String(rounds + 1)} rounds ${String(toFind.length)} rows at rest, ${String(lost.length)} of them by lost changes, and ${String(named.filter(hot).length)} of ${String(hotOnes.lines.length)} hot ones that no event healed: ${[...stillOnes.kinds, ...hotOnes.kinds].join(", ")}`,
    );
  } finally {
    await hand.end();
    for (const client of behind) await client.end();
  }
}

interface Lost {
  readonly table: string;
  readonly sql: string;
  readonly lines: readonly string[];
}

/** One change of each kind, with a key and without, each of a row of its own. */
function lostLines(random: Random): readonly Lost[] {
  const [a, b, c] = random.shuffled(Array.from({ length: quietRows }, (_, at) => at + 1)).map(String);
  const line = (
    table: string,
    key: string | undefined,
    kind: string,
    columns: readonly string[] = [],
  ): string => lineOf({ table, key: key === undefined ? null : [key], kind, columns });
  const changes = [
    {
      table: "quiet",
      sql: `UPDATE quiet SET n = n + 1 WHERE id = ${a ?? ""}`,
      lines: [line("quiet", a, "different", ["n"])],
    },
    { table: "quiet", sql: `DELETE FROM quiet WHERE id = ${b ?? ""}`, lines: [line("quiet", b, "extra")] },
    {
      table: "quiet",
      sql: "INSERT INTO quiet VALUES (99, 'new', 1)",
      lines: [line("quiet", "99", "missing")],
    },
    {
      table: "piles",
      sql: `UPDATE piles SET b = 'other' WHERE a = ${c ?? ""}`,
      lines: [line("piles", undefined, "missing"), line("piles", undefined, "extra")],
    },
    {
      table: "piles",
      sql: `DELETE FROM piles WHERE a = ${a ?? ""}`,
      lines: [line("piles", undefined, "extra")],
    },
    {
      table: "piles",
      sql: "INSERT INTO piles VALUES (99, 'new')",
      lines: [line("piles", undefined, "missing")],
    },
  ];
  return random.shuffled(changes);
}

/** One after the other, while everything else goes on. */
async function loseChanges(
  feed: LossyFeed,
  live: Live,
  hand: Connection,
  changes: readonly Lost[],
): Promise<void> {
  const over = live.ended.then((fault) => {
    throw fault ?? new Error("the engine ended before a change was lost");
  });
  for (const { table, sql } of changes) await Promise.race([feed.lose(table, () => hand.query(sql)), over]);
}
