/**
 * One night on servers of its own, which a test may kill: a migration that is ready, an application that writes all the time
 * and follows the routing, a prober that logs in to both sides all the time. And what must hold at its end.
 */
import { join } from "node:path";
import { expect } from "vitest";
import { journalPath, readJournal } from "../../src/cutover/journal.js";
import { journeyOf } from "../../src/cutover/journey.js";
import { feedLine } from "../world/kafka-world.js";
import type { KafkaPlace } from "../world/kafka-world.js";
import type { SourceName } from "../world/matrix.js";
import { nightJourney, shopTables } from "../world/night-journey.js";
import type { NightJourney } from "../world/night-journey.js";
import { isFree } from "../world/stack/port.js";
import { kill, start } from "../world/stack/servers.js";
import { NightProber } from "./night-prober.js";
import { ownServers } from "./own-servers.js";

export const nightTarget = "postgres18";

export type NightServer = SourceName | typeof nightTarget | "kafka";

export interface NightServers extends AsyncDisposable {
  port(name: NightServer): number;
  /** Killed by -9. */
  kill(name: NightServer): Promise<void>;
  /** At the same port. */
  startAgain(name: NightServer): Promise<void>;
}

/** `overKafka`: with a broker and a Connect worker. */
export async function nightServers(source: SourceName, overKafka = false): Promise<NightServers> {
  const kafka = overKafka ? (["kafka", "connect"] as const) : [];
  const own = await ownServers<NightServer | "connect">([source, nightTarget, ...kafka]);
  const port = (name: NightServer): number => portOf(own.servers[name].url);
  return {
    port,
    kill: async (name) => {
      await kill(name);
      // Threads of a killed process may hold its port a moment longer.
      while (!(await isFree(port(name))));
    },
    startAgain: async (name) => {
      expect(portOf((await start(name)).url)).toBe(port(name));
    },
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

/** Of a URL, or of host and port alone. */
function portOf(url: string): number {
  return Number(/:(\d+)(?:\/|$)/u.exec(url)?.[1]);
}

export interface NightLife extends AsyncDisposable {
  readonly night: NightJourney;
  readonly prober: NightProber;
}

export interface NightOptions {
  /** Lines of the configuration, inside the maps of these keys. */
  readonly more?: { readonly cutover?: readonly string[]; readonly hooks?: readonly string[] };
  /** Statements on the source, before the copy. */
  readonly tables?: readonly string[];
  /** Changes come from there. */
  readonly kafka?: KafkaPlace;
}

/** Copied, level and verified; the application writes to the source. */
export async function nightLife(
  name: string,
  source: SourceName,
  { more = {}, tables = [], kafka }: NightOptions = {},
): Promise<NightLife> {
  const night = await nightJourney(
    name,
    kafka === undefined ? [] : [feedLine(kafka)],
    source,
    nightTarget,
    more,
  );
  const prober = new NightProber(night.logins);
  try {
    await shopTables(night.source);
    for (const sql of tables) await night.source.sql(sql);
    night.app.start();
    await night.app.more(10);
    const copied = await night.headgate(["run", "--until", "ready"]);
    expect(copied.code, copied.stdout + copied.stderr).toBe(0);
    prober.start();
  } catch (error) {
    await night[Symbol.asyncDispose]();
    throw error;
  }
  return {
    night,
    prober,
    [Symbol.asyncDispose]: async () => {
      await prober.stop();
      await night[Symbol.asyncDispose]();
    },
  };
}

/** What the journal tells. */
export async function journeyNow({ folder, migration }: NightJourney): Promise<ReturnType<typeof journeyOf>> {
  return journeyOf((await readJournal(journalPath(join(folder, ".headgate", migration)))).entries);
}

export async function stateOf(night: NightJourney): Promise<string> {
  return (await journeyNow(night)).state;
}

/** Every acknowledged write is there once, and no other more than once. */
export async function whole(
  { night, prober }: Pick<NightLife, "night" | "prober">,
  side: "source" | "target",
  what: string,
): Promise<void> {
  const there = await found(night, side);
  const lost = [...night.app.acknowledged, ...prober.acknowledged].filter((token) => there.get(token) !== 1);
  expect([what, side, lost]).toEqual([what, side, []]);
  expect([...there].filter(([, times]) => times > 1)).toEqual([]);
}

async function found(
  { source, target }: NightJourney,
  side: "source" | "target",
): Promise<Map<string, number>> {
  const sql = "SELECT token, COUNT(*) AS n FROM entries GROUP BY token";
  return new Map(
    side === "source"
      ? (await source.sql(sql)).map(([token, n]) => [token ?? "", Number(n)])
      : (await target.sql(sql)).map((row) => [row["token"] ?? "", Number(row["n"])]),
  );
}
