/** The engine's own verifications: who goes first, what keeps `ready` back, and that nobody else fails with them. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { Comparing } from "../verify/comparing.js";
import { exampleComparing, exampleLedger, exampleTools } from "../verify/example-ledger.js";
import type { VerificationTools } from "../verify/verification.js";
import type { Suspect } from "../verify-port.js";
import { pendingAtReady } from "./verified.js";
import { Verifier } from "./verifier.js";
import type { VerifierOptions } from "./verifier.js";

const tableOf = (name: string) => ({
  ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]),
  source: name,
  target: name,
  lane: "one",
});
const tables = [tableOf("a"), tableOf("b")];
const take = <T>(given: T): Promise<T> => Promise.resolve(given);

function verifierOf(
  tools: VerificationTools,
  beside: Pick<VerifierOptions, "compares"> = {},
): { verifier: Verifier; failures: Fault[]; verified: number[] } {
  const failures: Fault[] = [];
  const verified: number[] = [];
  const refuse = (): Promise<never> => Promise.reject(new Error("not asked"));
  const verifier = new Verifier({
    tools,
    method: "stream",
    gates: { gates: [], source: { ask: refuse }, target: { ask: refuse } },
    joined: () => true,
    onVerified: ({ outcome }) => verified.push(outcome.tables.length),
    onFailure: (fault) => failures.push(fault),
    ...beside,
  });
  return { verifier, failures, verified };
}

/** Suspects these rows of `a` at each look. */
const suspecting = (found: { readonly suspects: readonly Suspect[] }): Comparing =>
  exampleComparing({
    range: async (comparer, table, range, onSuspects, signal) => {
      if (table.source === "a") await onSuspects(found.suspects);
      return await exampleComparing().range(comparer, table, range, onSuspects, signal);
    },
    keys: () => Promise.resolve({ suspects: found.suspects, rowsSource: 1, rowsTarget: 1 }),
  });

const over = new Fault("interrupted", "over");

/** The engine's own rounds until `end` is aborted with `over`. */
async function rounds(verifier: Verifier, end: AbortController): Promise<void> {
  await expect(verifier.run(end.signal)).rejects.toBe(over);
}

it("a person's request goes between two ranges of the engine's own round, which then goes on where it was", async () => {
  const end = new AbortController();
  const compared: string[] = [];
  let asked: Promise<unknown> = Promise.resolve();
  const tools = exampleTools(tables, 3, {
    comparing: exampleComparing({
      range: async (comparer, table, range, onSuspects, signal) => {
        compared.push(`${table.source}${String(range?.number ?? "")}`);
        if (compared.length === 2)
          asked = verifier
            .request({ method: "stream", full: true, tables: ["b"] }, take, end.signal)
            .then(() => compared.push("answered"));
        return await exampleComparing().range(comparer, table, range, onSuspects, signal);
      },
    }),
    wait: () => {
      // Between two rounds: the first is over.
      end.abort(over);
      return Promise.reject(over);
    },
  });
  const { verifier, verified } = verifierOf(tools);
  await rounds(verifier, end);
  await asked;
  // b was never compared before, and is equal since.
  expect(compared).toEqual(["a0", "a1", "b0", "b1", "b2", "answered", "a2"]);
  // The person's of one table, then the engine's of both.
  expect(verified).toEqual([1, 2]);
});

it("a look at everything is due by when there was one last, whichever engine had it", async () => {
  const run = { method: "stream", tables: ["a", "b"], sample: null } as const;
  const kindsAfter = async (
    minutes: number,
    kind: "round" | "counts" = "round",
  ): Promise<readonly string[]> => {
    const base = exampleLedger(["a", "b"]);
    const end = new AbortController();
    const kinds: string[] = [];
    let waits = 0;
    const tools = exampleTools(tables, 1, {
      ledger: {
        ...base,
        begin: async (scope) => {
          kinds.push(scope.kind);
          return await base.begin(scope);
        },
        ended: () =>
          Promise.resolve(
            ([0, minutes] as const).map((ago, i) => ({
              id: String(i),
              scope: { ...run, kind: i === 0 ? ("dirty" as const) : kind },
              startedAt: "then",
              endedAt: new Date(Date.UTC(2026, 0, 2) - ago * 60_000).toISOString(),
              facts: { wholeTables: 0 },
            })),
          ),
      },
      wait: () => {
        waits += 1;
        if (waits < 2) return Promise.resolve();
        end.abort(over);
        return Promise.reject(over);
      },
    });
    await rounds(verifierOf(tools).verifier, end);
    return kinds;
  };
  expect(await kindsAfter(59)).toEqual(["dirty", "dirty"]);
  expect(await kindsAfter(61)).toEqual(["dirty", "round"]);
  // None is known: it is due at once.
  expect(await kindsAfter(1, "counts")).toEqual(["dirty", "round"]);
});

it("queries and foreign keys are asked in a turn of their own", async () => {
  let held = 0;
  const asked: number[] = [];
  const tools = exampleTools(tables, 1, {
    pacer: () => {
      let mine = 0;
      const rest = (): void => {
        held -= mine;
        mine = 0;
      };
      return {
        pausing: new AbortController().signal,
        pace: async () => {
          await Promise.resolve();
          rest();
          held += mine = 1;
        },
        rest,
        [Symbol.dispose]: rest,
      };
    },
  });
  const ask = async (): Promise<{ readonly whole: boolean }> => {
    asked.push(held);
    return await Promise.resolve({ whole: true });
  };
  const verifier = new Verifier({
    ...{ tools, method: "stream", joined: () => true, onVerified: () => undefined },
    gates: { gates: [{ notNull: "a.id" }, { source: "1", target: "1" }], source: { ask }, target: { ask } },
    onFailure: (fault) => {
      throw fault;
    },
  });
  const { signal } = new AbortController();
  await verifier.request({ method: "stream", full: true, tables: null }, take, signal);
  expect([asked, held]).toEqual([[1, 1, 1], 0]);
});

it("rows that were written to at each look keep it from ready, by name, where the fence would have too many to settle", async () => {
  const keys = Array.from({ length: Number(pendingAtReady) + 1 }, (_, i) =>
    Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, i]),
  );
  const ledger = exampleLedger(["a", "b"]);
  const found: { suspects: readonly Suspect[] } = {
    suspects: keys.map((key) => ({ table: "a", key, kind: "different", columns: ["id"], copies: 1 })),
  };
  const tools = exampleTools(tables, 1, {
    ledger,
    comparing: suspecting(found),
  });
  const { verifier } = verifierOf(tools);
  const { signal } = new AbortController();
  const request = { method: "stream", full: true, tables: null } as const;
  expect(verifier.blocking()).toEqual(["not-verified"]);
  // Some event touches the rows between the two sides of each look.
  const touch = (some: readonly Buffer[]): void => {
    ledger.touches.length = 0;
    if (some.length > 0) ledger.touches.push({ table: "a", seq: 2n, keys: Buffer.concat(some) });
  };
  touch(keys);
  const first = await verifier.request(request, take, signal);
  expect([first.outcome.differences, first.outcome.pending]).toEqual([0n, pendingAtReady + 1n]);
  expect(verifier.blocking()).toEqual(["pending"]);
  // One that is never still is the fence's.
  found.suspects = found.suspects.slice(0, 1);
  touch(keys.slice(0, 1));
  const second = await verifier.request({ ...request, full: false }, take, signal);
  expect(second.outcome.pending).toBe(1n);
  expect(verifier.blocking()).toEqual([]);
  // One that is, is not pardoned.
  touch([]);
  await verifier.request({ ...request, full: false }, take, signal);
  expect(verifier.blocking()).toEqual(["differences"]);
  found.suspects = [];
  await verifier.request({ ...request, full: false }, take, signal);
  expect(verifier.blocking()).toEqual([]);
});

it("tells which tables a whole comparison found equal, from its beginning on; one of what was touched tells nothing", async () => {
  const key = Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, 7]);
  const found: { suspects: readonly Suspect[] } = {
    suspects: [{ table: "a", key, kind: "different", columns: ["id"], copies: 1 }],
  };
  const told: string[] = [];
  const tools = exampleTools(tables, 1, { comparing: suspecting(found) });
  const { verifier } = verifierOf(tools, {
    compares: () => {
      told.push("begins");
      return (equal) => told.push([...equal].join(" "));
    },
  });
  const { signal } = new AbortController();
  const request = { method: "stream", full: true, tables: null } as const;
  await verifier.request(request, take, signal);
  expect(told.splice(0)).toEqual(["begins", "b"]);
  found.suspects = [];
  await verifier.request({ ...request, full: false }, take, signal);
  expect(told.splice(0)).toEqual([]);
  await verifier.request(request, take, signal);
  expect(told.splice(0)).toEqual(["begins", "a b"]);
});

it("a change that is left out takes back what was compared, also what is being compared", async () => {
  const found: { act: () => void } = { act: () => undefined };
  const tools = exampleTools(tables, 1, {
    comparing: exampleComparing({
      range: async (comparer, table, range, onSuspects, signal) => {
        if (table.source === "b") found.act();
        return await exampleComparing().range(comparer, table, range, onSuspects, signal);
      },
    }),
  });
  const { verifier } = verifierOf(tools);
  const { signal } = new AbortController();
  const request = { method: "stream", full: true, tables: null } as const;
  await verifier.request(request, take, signal);
  expect(verifier.blocking()).toEqual([]);
  verifier.unproved();
  expect(verifier.blocking()).toEqual(["not-verified"]);
  found.act = () => verifier.unproved();
  await expect(verifier.request(request, take, signal)).rejects.toMatchObject({ code: "ledger-mismatch" });
  expect(verifier.blocking()).toEqual(["not-verified"]);
  found.act = () => undefined;
  await verifier.request(request, take, signal);
  expect(verifier.blocking()).toEqual([]);
});

it("rows that a look at one table finds different keep it from ready", async () => {
  const key = Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, 7]);
  const found: { suspects: readonly Suspect[] } = { suspects: [] };
  const tools = exampleTools(tables, 1, {
    ledger: exampleLedger(["a", "b"]),
    comparing: suspecting(found),
  });
  const { verifier } = verifierOf(tools);
  const { signal } = new AbortController();
  await verifier.request({ method: "stream", full: true, tables: null }, take, signal);
  expect(verifier.blocking()).toEqual([]);
  found.suspects = [{ table: "a", key, kind: "different", columns: ["id"], copies: 1 }];
  await verifier.request({ method: "stream", full: true, tables: ["a"] }, take, signal);
  expect(verifier.blocking()).toEqual(["differences"]);
});

it("what nobody foresaw fails no engine: it is told as a fault, keeps it from ready, and the next round comes", async () => {
  const end = new AbortController();
  let rounded = 0;
  const tools = exampleTools(tables, 1, {
    moment: (name) => {
      if (name === "verify:begun" && rounded === 0) throw new TypeError("x is not a function");
    },
    wait: () => {
      rounded += 1;
      if (rounded === 1) {
        expect(verifier.blocking()).toEqual(["verification-failed"]);
        return Promise.resolve();
      }
      end.abort(over);
      return Promise.reject(over);
    },
  });
  const { verifier, failures } = verifierOf(tools);
  await rounds(verifier, end);
  expect(failures.map(({ code }) => code)).toEqual(["bug"]);
  expect(failures[0]?.cause).toBeInstanceOf(TypeError);
  expect(verifier.blocking()).toEqual([]);
});
