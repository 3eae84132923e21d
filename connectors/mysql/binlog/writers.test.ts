/** MariaDB's numbers that do not grow, told at second hand: another server's transaction is no repeat. */
import { describe, expect, it } from "vitest";
import type { BookStanding, LogPlace } from "../../../src/stream-port.js";
import { positionBook } from "./book.js";

const at = (gtid: string, offset = 0): LogPlace => ({
  gtid,
  file: offset === 0 ? "" : "log.000002",
  offset: String(offset),
});
const standing = (set: string): BookStanding =>
  positionBook("mariadb").standing([{ kind: "gtid", set, file: "log.000002", offset: "1000" }]);
const refused = expect.objectContaining({ code: "log-refused" }) as Error;

describe("a number that is met already", () => {
  it("is a repeat of the server's that wrote it, and of no other", () => {
    const own = standing("0-1-118");
    for (const gtid of ["0-1-119", "0-1-120", "0-1-121"]) own.reach(at(gtid));
    expect(["0-1-118", "0-1-119", "0-1-121"].map((gtid) => own.has(at(gtid, 900)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(own.has(at("0-2-122"))).toBe(false);
    for (const gtid of ["0-2-119", "0-2-121"]) expect(() => own.has(at(gtid))).toThrow(refused);
    expect(own.position()).toMatchObject({ set: "0-1-121" });
  });

  it("of before this reading is known by the position's own server, and by its place", () => {
    const own = standing("0-1-120,7-3-9");
    expect(() => own.has(at("0-2-120"))).toThrow(refused);
    // A repeat of before a failover stands before where the reading began.
    expect(own.has(at("0-2-119", 900))).toBe(true);
    expect(() => own.has(at("0-3-119"))).toThrow(refused);
    expect(() => own.has(at("0-2-118", 1100))).toThrow(refused);
    expect(own.has(at("0-1-117", 1100))).toBe(true);
    expect(own.has(at("7-3-9"))).toBe(true);
  });
});
