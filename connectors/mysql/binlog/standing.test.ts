/** Positions of MariaDB: numbers that do not grow have no place in them. What servers can show is tested on them. */
import { expect, it } from "vitest";
import { domainsText, parseDomains } from "./domains.js";
import { LogFile } from "./log-file.js";
import { GtidSet } from "./gtid-set.js";
import { domainStanding, fileStanding, gtidStanding } from "./standing.js";
import type { TransactionName } from "./standing.js";

const name = (domain: number, server: number, number: bigint): TransactionName => ({
  by: "mariadb",
  gtid: { domain, server, number, standalone: false, prepares: false, alters: false },
});

it("a number that does not grow inside its domain is refused, of whatever server it is", () => {
  const standing = domainStanding(parseDomains("0-1-7,2-1-100"), new LogFile());
  standing.transaction(name(0, 2, 8n), null);
  standing.reach(name(0, 2, 8n));
  standing.transaction(name(3, 1, 1n), null);
  standing.reach(name(3, 1, 1n));
  expect(standing.position()).toMatchObject({ set: "0-2-8,2-1-100,3-1-1" });
  for (const again of [name(0, 1, 8n), name(2, 7, 50n), name(3, 1, 1n)])
    expect(() => standing.transaction(again, null)).toThrow(
      expect.objectContaining({
        code: "log-refused",
        message: expect.stringMatching(/^The source's log has \d-\d-\d+ behind \d-\d-\d+:/u) as string,
      }) as Error,
    );
});

it("a state with a line for each server has the last one of each domain", () => {
  expect(domainsText(parseDomains("0-1-7,0-2-9,0-3-8,\n4-1-18446744073709551615"))).toBe(
    "0-2-9,4-1-18446744073709551615",
  );
  for (const bad of ["0-1", "x-1-2", "0-1-2-3"])
    expect(() => parseDomains(bad)).toThrow(expect.objectContaining({ code: "position-unknown" }) as Error);
});

it("with a transaction left out, a position says where that begins and where what it holds ends", () => {
  const log = new LogFile("this server");
  log.rotate("log.000007", 900);
  const begin = { file: "log.000006", offset: 40 };
  const xa: TransactionName = { by: "mysql", gtid: { key: "u", number: 1n, committedAt: null } };
  for (const [standing, one] of [
    [gtidStanding(new GtidSet(), log), xa],
    [domainStanding(parseDomains(""), log), name(0, 1, 1n)],
  ] as const) {
    const end = { file: "log.000007", offset: "900" };
    expect(standing.position()).toMatchObject(end);
    expect(standing.position()).not.toHaveProperty("end");
    const release = standing.park(one, begin);
    expect(standing.position()).toMatchObject({ file: "log.000006", offset: "40", end });
    expect(standing.before({ file: "log.000007", offset: 600 })).toMatchObject({
      offset: "40",
      end: { file: "log.000007", offset: "600" },
    });
    release();
    expect(standing.position()).not.toHaveProperty("end");
  }
});

it("a position says when its file was begun, where the log has said so", () => {
  const log = new LogFile("this server");
  log.rotate("log.000007", 900);
  const standing = gtidStanding(new GtidSet(), log);
  expect(standing.position()).not.toHaveProperty("made");
  log.made = 1_700_000_000;
  expect(standing.position()).toMatchObject({ file: "log.000007", made: 1_700_000_000 });
  expect(fileStanding({ file: "log.000007", offset: 4 }, log).position()).toMatchObject({
    made: 1_700_000_000,
  });
  // Of a file before this one nothing is known here.
  expect(standing.before({ file: "log.000006", offset: 40 })).not.toHaveProperty("made");
  log.rotate("log.000008", 4);
  expect(standing.position()).not.toHaveProperty("made");
});
