/** Positions of MariaDB: numbers that do not grow have no place in them. What servers can show is tested on them. */
import { expect, it } from "vitest";
import { domainsText, parseDomains } from "./domains.js";
import { LogFile } from "./log-file.js";
import { domainStanding } from "./standing.js";
import type { TransactionName } from "./standing.js";

const name = (domain: number, server: number, number: bigint): TransactionName => ({
  by: "mariadb",
  gtid: { domain, server, number, standalone: false, prepares: false },
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
