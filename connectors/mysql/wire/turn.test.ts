/** Turns: what is taken at once is bounded, and a connection that stands meanwhile is not woken. */
import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turn } from "./turn.js";

class Told extends Socket {
  readonly told: string[] = [];

  override pause(): this {
    this.told.push("pause");
    return this;
  }

  override resume(): this {
    this.told.push("resume");
    return this;
  }
}

test("after a quarter of a megabyte others come first", async () => {
  const [turns, socket] = [new Turn(), new Told()];
  turns.took(200_000, socket, () => false);
  expect(socket.told).toEqual([]);
  turns.took(100_000, socket, () => false);
  expect(socket.told).toEqual(["pause"]);
  await turn();
  expect(socket.told).toEqual(["pause", "resume"]);
  turns.took(200_000, socket, () => false);
  expect(socket.told).toEqual(["pause", "resume"]);
});

test("one read takes no more than a turn", () => {
  expect(new Turn().space(Buffer.alloc(1_000_000))).toHaveLength(262_144);
  expect(new Turn().space(Buffer.alloc(1000))).toHaveLength(1000);
});

test("who stands, or comes to stand meanwhile, stays so", async () => {
  const [turns, socket] = [new Turn(), new Told()];
  turns.took(300_000, socket, () => true);
  let stopped = false;
  turns.took(300_000, socket, () => stopped);
  stopped = true;
  await turn();
  expect(socket.told).toEqual(["pause"]);
});
