/** Where a refused change waits: its owner's only, and a fault of its own where there is no room for it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { keptOf } from "../watch/engine-status.js";
import { keepPoison } from "./quarantine.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hg-kept-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const poison = {
  id: "binlog.000003:4711#t.2",
  lane: "one",
  table: "t",
  transaction: "binlog.000003:4711",
  ordinal: 2,
  operation: "insert",
  reason: "constraint-refused",
  sentence: "t_v_check does not hold",
  key: null,
  newKey: null,
  before: null,
  after: "00",
} as const;

it("is one file for its owner's eyes, the same when it is refused again", async () => {
  const path = await keepPoison(folder, poison);
  expect(await keepPoison(folder, poison)).toBe(path);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(poison);
  expect([statSync(path).mode & 0o777, statSync(join(folder, "quarantine")).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
});

it("is told as what it is where the disk is full or no folder can be made, with the change's id and no value", async () => {
  const refused = async (): Promise<Fault> => {
    const error = await keepPoison(folder, poison).catch((thrown: unknown) => thrown);
    if (!(error instanceof Fault)) throw error;
    return error;
  };
  // Whatever is written there finds no room.
  if (existsSync("/dev/full")) {
    const path = await keepPoison(folder, poison);
    rmSync(path);
    symlinkSync("/dev/full", path);
    const full = await refused();
    expect([full.code, full.facts["id"]]).toEqual(["file-refused", poison.id]);
    expect(full.message).toContain("(ENOSPC)");
    rmSync(join(folder, "quarantine"), { recursive: true });
  }
  writeFileSync(join(folder, "quarantine"), "");
  expect((await refused()).message).toContain(`Change ${poison.id} (insert in t) is refused`);
});

it("counts among what waits while its lane stands before it, once however often it was kept", () => {
  const stands = new Fault("quarantined", "stands", { facts: { id: poison.id, lane: "one" } });
  const altered = new Fault("schema-changed", "altered", { facts: { at: "binlog.000003:4711" } });
  expect([keptOf([]), keptOf([stands]), keptOf([altered, stands])]).toEqual([0, 1, 1]);
});
