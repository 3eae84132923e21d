/**
 * The end of the demo, by code that is none of the product's: both sides counted and digested inside the servers by the
 * oracle, and the application's own receipts looked for, one by one.
 */
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { table } from "../../../src/cli/table.js";
import { compare } from "../oracle/oracle.js";
import type { World } from "../world.js";
import type { Application } from "./application.js";
import { say } from "./commands.js";
import type { Side } from "./counter.js";
import { isExact, reckon, tokensAtSource, tokensAtTarget } from "./receipts.js";
import { database } from "./schema.js";

/** Whether both sides are equal. Nobody writes meanwhile. */
export async function sidesAgree(servers: World): Promise<boolean> {
  say("\nBoth sides, counted and digested by the oracle (code of its own, inside the servers):");
  const source = await createConnection({
    uri: servers.source,
    database,
    charset: "utf8mb4",
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  const target = new pg.Client({ connectionString: new URL(`/${database}`, servers.target).href });
  await target.connect();
  const verdicts = await compare(source, target, { database, schema: "public" });
  await source.end();
  await target.end();
  const rows = verdicts.map((v) => [
    v.table,
    v.rowsSource,
    v.rowsTarget,
    v.digestSource,
    v.digestTarget,
    v.equal ? "equal" : "DIFFERENT",
  ]);
  say(
    table(["table", "rows source", "rows target", "digest source", "digest target", ""], rows, [1, 2]).join(
      "\n",
    ),
  );
  const different = verdicts.filter((verdict) => !verdict.equal);
  for (const verdict of different)
    say(
      `${verdict.table}: only in source ${JSON.stringify(verdict.onlySource)}, only in target ${JSON.stringify(verdict.onlyTarget)}`,
    );
  say(`\n${String(verdicts.length - different.length)} of ${String(verdicts.length)} tables equal.`);
  return different.length === 0;
}

/** Whether each acknowledged write is on that side exactly once. */
export async function receiptsAgree(servers: World, side: Side, application: Application): Promise<boolean> {
  const found = await tokensAt(servers, side);
  const reckoning = reckon(application.receipts, found);
  const { acknowledged, unknown, lost, twice, uncalledFor } = reckoning;
  const { source, target } = application.acknowledged;
  say(
    `\nThe application's own receipts: ${String(acknowledged)} acknowledged (${String(source)} by the source, ${String(target)} by the target), ${String(unknown)} whose answer was lost.`,
  );
  for (const [why, times] of application.failures) say(`  not acknowledged, ${String(times)} times: ${why}`);
  const exact = isExact(reckoning);
  say(
    exact
      ? `Each acknowledged write is on the ${side} exactly once.`
      : `LOST: ${lost.join(" ")}\nTWICE: ${twice.join(" ")}\nUNCALLED FOR: ${uncalledFor.join(" ")}`,
  );
  return exact;
}

/** How many receipts that side has. */
export async function countAt(servers: World, side: Side): Promise<number> {
  return (await tokensAt(servers, side)).length;
}

async function tokensAt(servers: World, side: Side): Promise<readonly string[]> {
  if (side === "source") {
    const source = await createConnection({ uri: servers.source, database });
    const tokens = await tokensAtSource(source);
    await source.end();
    return tokens;
  }
  const target = new pg.Client({ connectionString: new URL(`/${database}`, servers.target).href });
  await target.connect();
  const tokens = await tokensAtTarget(target);
  await target.end();
  return tokens;
}
