import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import { catalogue, counter, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import { column } from "../typemap/example-column.js";
import { whileFresh } from "./fresh.js";

const t = (type: string) =>
  table("t", [counter(), column("n", type)], { indexes: [index("PRIMARY", ["id"])] });
const made = plan(catalogue([t("int")]), request());
const altered = plan(catalogue([t("bigint"), table("u", [counter()])]), request());
const never = new AbortController().signal;
const bug = new Fault("bug", "Row 1 of the source does not have the shape that the plan says.");

const whole = (now: () => Promise<Plan>, copy: () => Promise<boolean>, signal = never): Promise<boolean> =>
  whileFresh(made, now, signal, copy);
const now = (found: Plan) => () => Promise.resolve(found);
const failing = (fault: Fault) => () => Promise.reject(fault);

it("names what was altered while it was copied, whatever the copy came to", async () => {
  const stale = {
    code: "plan-stale",
    message: expect.stringMatching(/Altered since: t\. New since: u\.$/u) as string,
    facts: { recorded: made.fingerprint, now: altered.fingerprint },
  };
  await expect(whole(now(altered), () => Promise.resolve(true))).rejects.toMatchObject(stale);
  await expect(whole(now(altered), failing(bug))).rejects.toMatchObject({ ...stale, cause: bug });
});

it("says what happened where nothing was altered", async () => {
  expect(await whole(now(made), () => Promise.resolve(true))).toBe(true);
  await expect(whole(now(made), failing(bug))).rejects.toBe(bug);
});

it("keeps the reason for which nobody can tell", async () => {
  const unread = new Fault("connection-lost", "The source has gone away.");
  await expect(whole(() => Promise.reject(unread), failing(bug))).rejects.toMatchObject({
    code: "bug",
    message: `${bug.message} Whether the source was altered meanwhile could not be looked at: The source has gone away.`,
    next: bug.next,
    cause: unread,
  });
  // Whoever has stopped it knows why nothing answers.
  const stop = new AbortController();
  const stopped = (): Promise<Plan> => {
    stop.abort();
    return Promise.reject(unread);
  };
  await expect(whole(stopped, failing(bug), stop.signal)).rejects.toBe(bug);
});

it("has nothing to say to a copy that is held back, lost its connection or was stopped", async () => {
  expect(await whole(now(altered), () => Promise.resolve(false))).toBe(false);
  const lost = new Fault("connection-lost", "The source is gone.");
  await expect(whole(now(altered), failing(lost))).rejects.toBe(lost);
  await expect(whole(now(altered), failing(bug), AbortSignal.abort())).rejects.toBe(bug);
});
