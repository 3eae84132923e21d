import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { ChangeFeed } from "../stream-port.js";
import { Retention } from "./retention.js";
import type { Watched } from "./retention.js";

const here: Position = { kind: "file", file: "log.000001", offset: "4" };

/** One look after the other, each with what the source answers and what the copy still takes. */
async function said(
  looks: readonly (readonly [kept: number | null | Fault, eta: number | null])[],
  copying = true,
): Promise<{ readonly words: readonly string[]; readonly gone: Fault | null; readonly pauses: number[] }> {
  const words: string[] = [];
  const pauses: number[] = [];
  const stop = new AbortController();
  let at = 0;
  let gone: Fault | null = null;
  const [kept, eta] = [() => looks[at]?.[0] ?? null, () => looks[at]?.[1] ?? null];
  const feed: ChangeFeed = {
    read: () => Promise.reject(new Error("not read")),
    holds: () => true,
    retention: () => {
      const answer = kept();
      return answer instanceof Fault ? Promise.reject(answer) : Promise.resolve(answer);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const retention = new Retention({
    wait: (ms, signal) => {
      pauses.push(ms);
      at += 1;
      if (at >= looks.length) stop.abort(new Fault("interrupted", "Enough."));
      return signal.aborted ? Promise.reject(new Error("aborted")) : Promise.resolve();
    },
    onWord: (sentence) => words.push(sentence),
  });
  let over = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    over = resolve;
  });
  stop.signal.addEventListener("abort", over);
  const copy: Watched["copy"] = {
    etaSeconds: eta,
    onGone: (fault) => {
      gone = fault;
      over();
    },
  };
  await retention.watch(
    { feed, positions: () => Promise.resolve([here]), ...(copying ? { copy } : {}) },
    stop.signal,
  );
  await end;
  await retention[Symbol.asyncDispose]();
  return { words, gone, pauses };
}

it("says once that the copy will take longer than the log is kept, and again as less is left", async () => {
  const { words, gone, pauses } = await said([
    [7200, null],
    [7190, 7000],
    [7100, 8000],
    [7000, 8000],
    [3500, 8000],
    [3400, 60],
    [3300, 8000],
  ]);
  expect(words).toHaveLength(3);
  for (const word of words)
    expect(word).toMatch(
      /^the copy takes about 2:13:20 more, and the source keeps the log from its start for /u,
    );
  expect(gone).toBeNull();
  expect(new Set(pauses)).toEqual(new Set([10_000]));
});

it("says what is left without a copy, and nothing while that is unknown", async () => {
  const { words } = await said(
    [
      [null, null],
      [7000, 8000],
      [50, 8000],
      [null, 8000],
    ],
    false,
  );
  expect(words).toEqual([expect.stringMatching(/^the source keeps the log that is needed next for /u)]);
});

it.each(["log-purged", "position-unknown"] as const)("ends a copy that is in vain: %s", async (code) => {
  const fault = new Fault(code, "Gone.");
  const looks = [
    [7000, null],
    [fault, null],
    [7000, null],
  ] as const;
  const { gone, pauses } = await said(looks);
  expect([gone, pauses.length]).toEqual([fault, 1]);
  // The stream finds out by itself: it may have read already what it has not written yet.
  expect((await said(looks, false)).gone).toBeNull();
});

it("a source that does not answer is no end", async () => {
  const { gone, pauses } = await said([
    [new Fault("connection-lost", "Lost."), null],
    [7000, null],
  ]);
  expect([gone, pauses.length]).toEqual([null, 2]);
});
