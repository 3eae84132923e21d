import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identityOf, isAlive } from "./identity.js";
import { firstPort, freePort, isFree } from "./port.js";
import { readState, writeState } from "./state.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("what is remembered of servers", () => {
  it("comes back as it was written", () => {
    expect(readState(folder)).toEqual({});
    const state = {
      mysql9: {
        port: 20_001,
        provider: "packages",
        version: "9.7.4",
        ready: true,
        process: { pid: 7, started: "x" },
      },
    };
    writeState(folder, state);
    expect(readState(folder)).toEqual(state);
  });

  it("is refused when it isn't the stack's", () => {
    writeFileSync(join(folder, "state.json"), '{"mysql9":{"port":"1"}}');
    expect(() => readState(folder)).toThrow("is not what the stack wrote");
  });
});

describe("a process", () => {
  it("is told apart from another with the same number", () => {
    const own = identityOf(process.pid);
    expect(own).toBeDefined();
    expect(isAlive(own!)).toBe(true);
    expect(isAlive({ pid: process.pid, started: "another time" })).toBe(false);
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});

describe("ports", () => {
  it("differ between checkouts and servers and stay below the range of outgoing connections", () => {
    const ports = ["/a", "/b"].flatMap((at) => ["mysql9", "mariadb"].map((name) => firstPort(at, name)));
    expect(new Set(ports).size).toBe(4);
    for (const port of ports) expect(port >= 20_000 && port < 32_000).toBe(true);
    expect(firstPort("/a", "mysql9")).toBe(ports[0]);
  });

  it("are passed over when another server has them or another program listens there", async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    expect(await isFree(port)).toBe(false);
    await new Promise((resolve) => listener.close(resolve));
    expect(await isFree(port)).toBe(true);
    const first = await freePort(31_999, new Set());
    expect(await freePort(first, new Set([first]))).not.toBe(first);
  });
});
