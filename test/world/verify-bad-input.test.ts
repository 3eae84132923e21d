/**
 * `verify` where it cannot do its work: the target's table or column is not there, or is not what it was; the source
 * goes away in the middle; the ledger has a position that the source never had. One sentence each by the real command
 * line, an exit code as the contract has it, never a stack trace; and as soon as the world is right again it goes on.
 */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultProxy } from "./fault-proxy.js";
import type { FaultProxy } from "./fault-proxy.js";
import { lastObject } from "./headgate.js";
import type { Ended } from "./headgate.js";
import { journey, numbers } from "./journey.js";
import type { Journey, Running, Said } from "./journey.js";

let trip: Journey;
let proxy: FaultProxy;
/** Where the source really is. */
let real: { readonly host: string; readonly port: number };

beforeAll(async () => {
  trip = await journey("verify_bad");
  const url = new URL(trip.source.url);
  real = { host: url.hostname, port: Number(url.port) };
  proxy = await faultProxy(real);
  url.port = String(proxy.port);
  trip.configure(["snapshot: { rangeRows: 100, workers: 1 }"], { source: url.href });
  await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(40), n INT)");
  await trip.source.sql(`INSERT INTO t SELECT n, CONCAT('row ', n), n FROM (${numbers(900)}) AS r`);
  await trip.source.sql(
    "CREATE TABLE words (w VARCHAR(40) COLLATE utf8mb4_general_ci PRIMARY KEY, note VARCHAR(40))",
  );
  await trip.source.sql(`INSERT INTO words SELECT CONCAT('Wörd ', n), 'x' FROM (${numbers(20)}) AS r`);
  await trip.said(0, "run", "--until", "copied");
}, 120_000);
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await trip[Symbol.asyncDispose]();
});

function calm(ended: Ended): void {
  expect(ended.stderr + ended.stdout).not.toMatch(/^\s+at .+:\d+:\d+\)?$/mu);
  expect(ended.stdout).not.toContain('"bug"');
}

/** It ends so, with this code and sentence, and says what to do next. */
async function refused(
  exit: number,
  code: string,
  sentence: RegExp,
  ...args: readonly string[]
): Promise<void> {
  const ended = await trip.headgate(...args, "--json");
  calm(ended);
  const told = lastObject(ended);
  expect([ended.code, told["error"]]).toEqual([
    exit,
    expect.objectContaining({ code, sentence: expect.stringMatching(sentence) as string }),
  ]);
  expect((told["error"] as Said)["next"]).toMatch(/\w/u);
}

const clean = async (): Promise<void> => {
  expect(await trip.said(0, "verify", "--full")).toMatchObject({ differences: 0, pending: 0 });
};

describe("the target is not what was copied", () => {
  it.each([
    {
      name: "a table is not there",
      breaks: "ALTER TABLE t RENAME TO hidden",
      mends: "ALTER TABLE hidden RENAME TO t",
      sentence: /^The table t is not on the target\.$/u,
    },
    {
      name: "a column is not there",
      breaks: "ALTER TABLE t RENAME COLUMN n TO other",
      mends: "ALTER TABLE t RENAME COLUMN other TO n",
      sentence: /^The table t has no column n on the target\.$/u,
    },
    {
      name: "a key's column is not there",
      breaks: "ALTER TABLE words RENAME COLUMN w TO other",
      mends: "ALTER TABLE words RENAME COLUMN other TO w",
      sentence: /^The table words has no column w on the target\.$/u,
    },
    {
      name: "a column has another collation",
      breaks: 'ALTER TABLE words ALTER COLUMN note TYPE varchar(40) COLLATE "C"',
      mends: 'ALTER TABLE words ALTER COLUMN note TYPE varchar(40) COLLATE "default"',
      sentence:
        /^The column note of words is compared by pg_catalog\.C on the target and was compared by pg_catalog\.default when the plan made it, so/u,
    },
    {
      name: "a column has a collation that holds texts equal",
      breaks:
        "CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false); ALTER TABLE t ALTER COLUMN name TYPE varchar(40) COLLATE public.loose",
      mends: 'ALTER TABLE t ALTER COLUMN name TYPE varchar(40) COLLATE "default"',
      sentence: /^The column name of t is compared by public\.loose on the target and was compared by/u,
    },
    {
      name: "a column has another type",
      breaks: "ALTER TABLE t ALTER COLUMN n TYPE bigint",
      mends: "ALTER TABLE t ALTER COLUMN n TYPE integer",
      sentence: /^The column n of t is bigint on the target and was integer when the plan made it, so/u,
    },
  ])("$name", async ({ breaks, mends, sentence, name }) => {
    await trip.target.sql(breaks);
    // A digest that a server refuses is no way around it.
    const method = name.length % 2 === 0 ? "stream" : "digest";
    await refused(1, "target-refused", sentence, "verify", "--full", "--method", method);
    await trip.target.sql(mends);
  });

  it("and is compared as before when it is so again", clean);
});

/** Resolves with a verification in which some ranges are proven and some are not. Those by digest, which were refused, still wait. */
async function underway(): Promise<Running> {
  const running = trip.start(["verify", "--full", "--json"]);
  for (let proven = 0; proven < 2;) {
    const [row] = await trip.target.sql(
      "SELECT count(rows_source)::text AS n FROM headgate.verified_range v JOIN headgate.verification r ON r.id = v.verification WHERE r.state = 'open' AND r.scope->>'method' = 'stream'",
    );
    proven = Number(row?.["n"]);
    expect(running.child.exitCode).toBeNull();
  }
  return running;
}

/**
 * Every connection is lost and new ones reach `other`. The server notices: sessions that it took for living ones would
 * hold their workers' places, and the next verification would wait for a place until they time out.
 */
function lost(other: { readonly host: string; readonly port: number }): void {
  proxy.leadTo(other);
  proxy.cutClients();
  proxy.forget();
}

describe("the source goes away in the middle", () => {
  it("and comes back: it is waited for", async () => {
    let asked = 0;
    let twice: () => void = () => undefined;
    const again = new Promise<void>((resolve) => (twice = resolve));
    const nobody = createServer((socket) => {
      socket.destroy();
      if (++asked === 2) twice();
    });
    await new Promise<void>((ready) => nobody.listen(0, "127.0.0.1", ready));
    const running = await underway();
    lost({ host: "127.0.0.1", port: (nobody.address() as AddressInfo).port });
    await again;
    proxy.leadTo(real);
    nobody.close();
    const ended = await running.end;
    calm(ended);
    expect([ended.code, lastObject(ended)["differences"]]).toEqual([0, 0]);
  });

  it("for good: it ends, and what is proven is not compared again", async () => {
    const running = await underway();
    lost({ host: "127.0.0.1", port: 1 });
    if (process.env["HEADGATE_GATE"] !== "1") {
      // Its ten tries take a minute.
      running.child.kill("SIGKILL");
      await running.end;
    } else {
      const ended = await running.end;
      calm(ended);
      expect([ended.code, lastObject(ended)["error"]]).toEqual([
        1,
        expect.objectContaining({
          code: expect.stringMatching(/^(?:server-unreachable|connection-lost)$/u) as string,
          retriable: true,
        }),
      ]);
    }
    proxy.leadTo(real);
    const next = await trip.headgate("verify", "--full", "--json");
    calm(next);
    const first = JSON.parse(next.stdout.split("\n")[0] ?? "") as {
      readonly ranges: { readonly done: number };
    };
    expect(next.code).toBe(0);
    expect(first.ranges.done).toBeGreaterThanOrEqual(2);
  });
});

describe("a position that the source never had", () => {
  it("is told, and nothing is judged by it", async () => {
    await trip.said(0, "run", "--until", "ready", "--timeout", "60s");
    const [row] = await trip.target.sql("SELECT position::text AS position FROM headgate.lane");
    const right = row?.["position"] ?? "";
    const of = async (position: string): Promise<unknown> =>
      trip.target.sql("UPDATE headgate.lane SET position = $1::jsonb", [position]);
    for (const wrong of [
      // Another server's, and one that is still to come.
      right.replace(/[0-9a-f]{8}-/u, "00000000-"),
      right.replace(
        /(:\d+-)(\d+)/u,
        (_, from: string, to: string) => `${from}${String(Number(to) + 1_000_000)}`,
      ),
    ]) {
      expect(wrong).not.toBe(right);
      await of(wrong);
      await refused(
        1,
        "position-unknown",
        /^The source does not have all transactions that are applied already/u,
        "verify",
        "--full",
      );
    }
    await of(right);
    await clean();
  });
});
