import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { Jobs } from "../serve/jobs.js";
import { endsWith } from "./works.js";

it("a job ends with the life of the engine that does it, by that name, whatever it fails with itself", async () => {
  const life = new AbortController();
  const over = new Fault("connection-lost", "The engine has begun anew meanwhile.");
  let begun: () => void = () => undefined;
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  const act = endsWith(async (_ask, _onProgress, signal) => {
    begun();
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    throw new TypeError("a connection that is closed");
  }, life.signal);
  await using jobs = new Jobs({ verify: act, repair: act });
  const { id } = jobs.start("verify", {});
  await isBegun;
  life.abort(over);
  await expect(act({}, () => undefined, new AbortController().signal)).rejects.toBe(over);
  while (jobs.state(id).state === "running") await Promise.resolve();
  expect(jobs.state(id).error).toEqual({ code: over.code, sentence: over.message, next: over.next });
});
