/**
 * The writer alone: what it writes is what its log says, on every server, with all of its operations done; two runs of
 * a seed with one session are one. A writer whose log lies would make liars of all tests that stand on it.
 */
import { expect, it } from "vitest";
import { freshSeed } from "../../fresh-seed.js";
import { fromSources } from "../from-sources.js";
import { sourceDatabase, sourceUrl } from "../source-database.js";
import type { SourceName } from "../source-database.js";
import { logProblems } from "./replay.js";
import { openWriter } from "./writer.js";
import type { Writer } from "./writer.js";

async function at(server: SourceName, name: string): Promise<string> {
  const url = new URL(await sourceUrl(server));
  url.pathname = `/${name}`;
  return url.href;
}

async function written(url: string, seed: number, sessions: number, transactions: number): Promise<Writer> {
  const writer = await openWriter({ url, seed, sessions });
  writer.start();
  await writer.reached(transactions);
  await writer.stop();
  return writer;
}

fromSources(["mysql9", "mysql56", "mariadb"], "the writer on %s", (server) => {
  it("keeps a log that tells the truth", async () => {
    await using source = await sourceDatabase("hg_writer", server);
    const seed = freshSeed();
    console.log(`writer's seed ${String(seed)}`);
    const url = await at(server, source.name);
    await using writer = await written(url, seed, 4, 400);
    const { log, endings } = writer;
    console.log(`${server}: ${JSON.stringify(endings)}`);
    expect(endings.committed).toBe(log.length);
    expect(endings["rolled-back"]).toBeGreaterThan(10);
    expect(await logProblems(url, "hg_writer_again", writer)).toEqual([]);
    // Money is neither made nor lost, whoever fought for a wallet.
    expect(await source.sql("SELECT SUM(balance) FROM wallets")).toEqual([["5000"]]);
  });

  it("a log that leaves a transaction out is found out", async () => {
    await using source = await sourceDatabase("hg_writer", server);
    const url = await at(server, source.name);
    await using writer = await written(url, 7, 2, 60);
    const { tables, log } = writer;
    expect(await logProblems(url, "hg_writer_again", { tables, log: log.slice(0, -1) })).not.toEqual([]);
  });
});

it("does the same work for the same seed", async () => {
  const logs: string[] = [];
  for (let run = 0; run < 2; run++) {
    await using source = await sourceDatabase("hg_writer", "mysql9");
    await using writer = await written(await at("mysql9", source.name), 20261126, 1, 80);
    logs.push(JSON.stringify(writer.log.slice(0, 80)));
  }
  expect(logs[0]).toBe(logs[1]);
});

it("leaves nothing out: each of its ways to write is in a log", async () => {
  await using source = await sourceDatabase("hg_writer", "mysql9");
  await using writer = await written(await at("mysql9", source.name), 20261126, 3, 500);
  const all = writer.log.flatMap(({ statements }) => statements).join("\n");
  for (const way of [
    /UPDATE `pairs` SET `big`/u,
    /UPDATE numbers SET id = id \+ 1/u,
    /REPLACE INTO `/u,
    /ON DUPLICATE KEY UPDATE/u,
    /REPLACE INTO mails/u,
    /UPDATE mails SET email = @one/u,
    /UPDATE mails SET alias = @one/u,
    /INSERT INTO mails VALUES \(\d+, \d, \d+, @email/u,
    /UPDATE mails SET seat = seat \+ 1/u,
    /UPDATE mails SET email = '(?:hand|user)/u,
    /DELETE FROM owners/u,
    /UPDATE owners SET id/u,
    /UPDATE pets SET id/u,
    /DELETE FROM tree/u,
    /UPDATE wallets/u,
    /DELETE FROM `moves`.*LIMIT 1/u,
    /INSERT INTO `bulk`/u,
    /UPDATE words SET word = UPPER/u,
  ])
    expect(all).toMatch(way);
});
