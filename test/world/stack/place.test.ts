import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkout, dataFolder, mayPass, reachable } from "./place.js";
import type { Gate } from "./place.js";

const nobody = { uid: 65534, gid: 65534 };
const gate = (mode: number, uid = 0, gid = 0): Gate => ({ mode, uid, gid });

describe("passing a folder", () => {
  it("asks the bit of the one class the account falls in", () => {
    expect(mayPass(gate(0o701), nobody)).toBe(true);
    expect(mayPass(gate(0o710), nobody)).toBe(false);
    expect(mayPass(gate(0o010, 0, nobody.gid), nobody)).toBe(true);
    expect(mayPass(gate(0o677, nobody.uid), nobody)).toBe(false);
  });

  it("needs every folder on the way", () => {
    const closedHome = (path: string): Gate => gate(path === "/tmp" ? 0o700 : 0o755);
    expect(reachable("/tmp/no/such/checkout", nobody, closedHome)).toBe(false);
    expect(reachable("/tmp/no/such/checkout", nobody, () => gate(0o755))).toBe(true);
    expect(reachable("/tmp/no/such/checkout", undefined, closedHome)).toBe(true);
  });
});

describe("the data folder", () => {
  const made: string[] = [];
  beforeEach(() => vi.stubEnv("HEADGATE_STACK_DATA", undefined));
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const path of made.splice(0)) rmSync(path, { recursive: true });
  });

  it("is the checkout's where the servers can pass there", () => {
    const root = mkdtempSync(join(tmpdir(), "headgate-place-"));
    made.push(root);
    // mkdtemp makes it 0700: root's servers run as somebody else.
    const asRoot = process.getuid?.() === 0;
    const found = dataFolder(root);
    if (asRoot) made.push(found);
    expect(found === join(root, ".stack")).toBe(!asRoot);
    expect(dataFolder(root)).toBe(found);
  });

  it("is the one that is named, where it is named", () => {
    const named = join(realpathSync("/tmp"), `headgate-place-${process.pid}`);
    made.push(named);
    process.env["HEADGATE_STACK_DATA"] = named;
    expect(dataFolder()).toBe(named);
    process.env["HEADGATE_STACK_DATA"] = "/etc/passwd/nowhere";
    expect(() => dataFolder()).toThrow("HEADGATE_STACK_DATA=/etc/passwd/nowhere");
  });

  it("belongs to the checkout that holds package.json", () => {
    expect(join(checkout(), "test/world/stack")).toBe(import.meta.dirname);
  });
});
