import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "./lock.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the lock", () => {
  it("lets one in at a time, and leaves nothing behind", async () => {
    const lock = join(folder, "lock");
    let inside = 0;
    let most = 0;
    const enter = async (): Promise<void> =>
      withLock(lock, async () => {
        inside++;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      });
    await Promise.all([enter(), enter(), enter()]);
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is taken over from an owner that has ended, by one of many", async () => {
    const lock = join(folder, "lock");
    mkdirSync(lock);
    // A pid that lives, started at another moment: the number was given to somebody else since.
    writeFileSync(join(lock, `${process.pid}_long-ago`), "");
    let entered = 0;
    const enter = async (): Promise<number> => withLock(lock, async () => ++entered);
    expect((await Promise.all([enter(), enter(), enter()])).sort()).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is given back when the work fails, and names a living owner that won't", async () => {
    const lock = join(folder, "lock");
    await expect(withLock(lock, async () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await withLock(lock, async () => {
      await expect(withLock(lock, async () => 1, -1)).rejects.toThrow(`Process ${process.pid} has held`);
    });
  });
});
