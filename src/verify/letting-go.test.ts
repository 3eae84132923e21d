// Letting go of a view: the first fault is told, and one of letting go hides none before it.
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { retry } from "../stop.js";

it("tries again what was lost together with what it was using: the first fault counts, not the one of letting go", async () => {
  const lost = new Fault("connection-lost", "The server was killed.");
  let tries = 0;
  const act = async (): Promise<string> => {
    await using session = {
      ask: () => (tries += 1),
      [Symbol.asyncDispose]: () =>
        tries === 1
          ? Promise.reject(new Fault("connection-lost", "The session is gone too."))
          : Promise.resolve(),
    };
    if (session.ask() === 1) throw lost;
    return await Promise.resolve("done");
  };
  const met: Fault[] = [];
  const options = { retries: 1, onRetry: (fault: Fault) => void met.push(fault) };
  expect(await retry(act, new AbortController().signal, options)).toBe("done");
  expect(met).toEqual([lost]);
});
