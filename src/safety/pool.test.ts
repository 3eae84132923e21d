/** Workers that live and end together, and the bell that wakes those with nothing to do. */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { Bell, together } from "./pool.js";

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Works until it is stopped, then fails with the signal's reason, as every worker of ours does. */
const untilStopped =
  (ended: string[], name: string) =>
  async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) await turn();
    ended.push(name);
    throw signal.reason as Error;
  };

describe("workers together", () => {
  it("end when all have ended", async () => {
    let ended = 0;
    await together(
      [1, 2, 3].map((turns) => async () => {
        for (let n = 0; n < turns; n += 1) await turn();
        ended += 1;
      }),
      never,
    );
    expect(ended).toBe(3);
  });

  it("tell the first fault only, and not before every one of them has ended", async () => {
    const ended: string[] = [];
    const first = new Fault("value-refused", "first");
    await expect(
      together(
        [
          untilStopped(ended, "a"),
          async () => {
            await turn();
            throw first;
          },
          untilStopped(ended, "b"),
        ],
        never,
      ),
    ).rejects.toBe(first);
    expect(ended.sort()).toEqual(["a", "b"]);
  });

  it("pass on what is not a Fault as it is", async () => {
    const bug = new TypeError("x is undefined");
    await expect(together([() => Promise.reject(bug)], never)).rejects.toBe(bug);
  });

  it("tell the reason of whoever stopped them from outside", async () => {
    const stop = new AbortController();
    const reason = new Fault("interrupted", "Ctrl-C");
    const work = together([untilStopped([], "a"), untilStopped([], "b")], stop.signal);
    stop.abort(reason);
    await expect(work).rejects.toBe(reason);
  });
});

describe("the bell", () => {
  it("wakes all who wait, and does not let a ring be missed between looking and waiting", async () => {
    const bell = new Bell();
    const seen = bell.rings;
    bell.ring();
    await bell.next(seen, never);
    const both = [bell.next(bell.rings, never), bell.next(bell.rings, never)];
    bell.ring();
    await Promise.all(both);
  });

  it("lets go of those who are stopped", async () => {
    const bell = new Bell();
    const stop = new AbortController();
    const waiting = bell.next(bell.rings, stop.signal);
    stop.abort(new Fault("terminated", "SIGTERM"));
    await expect(waiting).rejects.toMatchObject({ code: "terminated" });
    await expect(bell.next(bell.rings, stop.signal)).rejects.toMatchObject({ code: "terminated" });
  });
});
