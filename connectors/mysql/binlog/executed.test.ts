/** What the source has executed, by its own words: sets of MySQL's, last numbers of each server of MariaDB's. */
import { expect, it } from "vitest";
import type { LogPlace } from "../../../src/stream-port.js";
import { executedLog } from "./executed.js";

const at = (gtid: string): LogPlace => ({ gtid, file: "", offset: "" });
const uuid = "11111111-2222-3333-4444-555555555555";

it("of MySQL has what the set has, as it was asked last", async () => {
  let set = "";
  const executed = executedLog("mysql", async () => Promise.resolve(set));
  set = `${uuid}:1-3,\n${uuid}:5`;
  expect(executed.has(at(`${uuid}:3`))).toBe(false);
  await executed.refresh();
  expect([3, 4, 5].map((n) => executed.has(at(`${uuid}:${String(n)}`)))).toEqual([true, false, true]);
  expect(executed.has(at(`${uuid.replace("1", "9")}:1`))).toBe(false);
});

it("of MariaDB has what a server wrote up to its last number in the domain, and nothing of a server that wrote nothing", async () => {
  const executed = executedLog("mariadb", async () => Promise.resolve("0-1-105,0-2-130,7-1-3"));
  await executed.refresh();
  const has = (gtid: string): boolean => executed.has(at(gtid));
  expect(["0-1-105", "0-1-7", "0-2-130", "7-1-3"].map(has)).toEqual([true, true, true, true]);
  // A tail that a failover has lost; a clone; a domain's number of another server; one to come.
  expect(["0-1-106", "0-9-50", "7-2-3", "0-2-131"].map(has)).toEqual([false, false, false, false]);
});
