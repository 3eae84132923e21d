/** A log that cannot be read to what was asked for is no answer: nobody has looked at the rest. */
import { expect, it, vi } from "vitest";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { ChangeSink } from "../../../src/stream-port.js";
import { openWitness } from "./witness.js";

const log = vi.hoisted((): { read: (sink: ChangeSink) => void } => ({ read: () => undefined }));

vi.mock("./feed.js", () => ({
  openBinlogFeed: async () => ({
    read: async (_: unknown, sink: ChangeSink) => {
      log.read(sink);
    },
    [Symbol.asyncDispose]: async () => undefined,
  }),
}));

const plan: Plan = {
  ...{ version: 1, migration: "20261128_unit", database: "shop", schema: "public", fingerprint: "" },
  ...{ lanes: ["main"], tables: [], before: [], after: [], findings: [] },
};
const server = { host: "", port: 0, user: "", password: "", tls: { mode: "off" }, database: "shop" } as const;
const held = { kind: "gtid", set: "0-1-4", file: "", offset: "4" } as const;
const { signal } = new AbortController();

/** 0-1-5 is read, and nothing behind it. */
function failsAt(at: string): Fault {
  const fault = new Fault("log-refused", `It is at ${at}.`, { facts: { at } });
  log.read = (sink) => {
    sink.begin({ name: "0-1-5", committedAt: null, within: () => false });
    sink.commit(() => held);
    throw fault;
  };
  return fault;
}

it.each(["binlog.000003:4711", "1-1-9"])("fails at %s, of which nothing was asked", async (at) => {
  const fault = failsAt(at);
  const witness = openWitness({ server, plan, engine: "mariadb" });
  await expect(witness.look([{ names: "0:5-8", count: "4" }], held, signal)).rejects.toBe(fault);
  const place = { gtid: "0-1-9", file: "", offset: "" };
  await expect(witness.endOf(place, held, signal)).rejects.toBe(fault);
  // Before a place everything is asked for that has a name.
  const before = witness.before(place, held, [], signal);
  if (at === "1-1-9") expect((await before).at(-1)).toMatchObject({ at: { gtid: at }, cut: true });
  else await expect(before).rejects.toBe(fault);
});

it("says so of one that was asked for, and that the rest was not read", async () => {
  failsAt("0-1-6");
  const witness = openWitness({ server, plan, engine: "mariadb" });
  const seen = await witness.look([{ names: "0:5-8", count: "4" }], held, signal);
  expect(seen.map(({ at, act, cut }) => [at.gtid, act.kind, cut])).toEqual([
    ["0-1-5", "nothing", undefined],
    ["0-1-6", "rows", true],
  ]);
});
