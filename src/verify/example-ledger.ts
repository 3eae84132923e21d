/**
 * A verifier's ledger in memory, and tools around it, for the tests of verifications: what is compared, and what is waited
 * for, is the test's own. Nothing but tests imports this file.
 */
import type { Plan, PlanTable, Range } from "../model.js";
import type { RangeProof, RecordedMismatch, TableProof, VerifyLedger, VerifyRun } from "../verify-port.js";
import type { Comparing } from "./comparing.js";
import type { VerificationTools } from "./verification.js";

/** As much of it as verifications ask for; of one scope one run is open, as in the real one. */
export function exampleLedger(tables: readonly string[]): VerifyLedger & {
  /** Batches that touched a table. */
  readonly touches: { table: string; seq: bigint; keys: Buffer | null }[];
  readonly facts: Readonly<Record<string, unknown>>[];
} {
  const runs: { run: VerifyRun; ranges: { range: Range; proof: RangeProof | null }[]; open: boolean }[] = [];
  const records = new Map<string, RecordedMismatch>();
  const clean = new Map<string, TableProof>();
  const touches: { table: string; seq: bigint; keys: Buffer | null }[] = [];
  const facts: Readonly<Record<string, unknown>>[] = [];
  const of = (id: string): (typeof runs)[number] => {
    const found = runs.find(({ run }) => run.id === id);
    if (found === undefined) throw new Error(`no run ${id}`);
    return found;
  };
  const nameOf = (table: string, key: Buffer): string => `${table} ${key.toString("hex")}`;
  const done = Promise.resolve();
  return {
    touches,
    facts,
    begin: async (scope) => {
      await done;
      const same = JSON.stringify(scope);
      const known = runs.find(({ run, open }) => open && JSON.stringify(run.scope) === same);
      if (known !== undefined) return known.run;
      const run = { id: String(runs.length + 1), scope, startedAt: "then", endedAt: null };
      runs.push({ run, ranges: [], open: true });
      return run;
    },
    setRanges: async (id, _table, ranges) => {
      await done;
      of(id).ranges.push(...ranges.map((range) => ({ range, proof: null })));
    },
    ranges: async (id) => {
      await done;
      return of(id).ranges;
    },
    prove: async (id, proof) => {
      await done;
      const found = of(id).ranges.find(
        ({ range }) => range.table === proof.table && range.number === proof.number,
      );
      if (found === undefined) throw new Error("no such range");
      found.proof = proof;
    },
    suspect: async (run, suspects) => {
      await done;
      for (const each of suspects)
        records.set(nameOf(each.table, each.key), { ...each, state: "suspect", run, at: "then" });
    },
    mismatches: async (table, states, after, limit) => {
      await done;
      return [...records.values()]
        .filter((each) => each.table === table && states.includes(each.state))
        .filter(({ key }) => after === null || key.compare(after) > 0)
        .sort((a, b) => a.key.compare(b.key))
        .slice(0, limit);
    },
    mismatchCounts: async () => {
      await done;
      return [...records.values()].map(({ table, state }) => ({ table, state, count: "1" }));
    },
    settle: async (run, table, found) => {
      await done;
      for (const { key, state, suspect } of found)
        if (state === null || suspect === null) records.delete(nameOf(table, key));
        else records.set(nameOf(table, key), { ...suspect, state, run, at: "then" });
    },
    setClean: async (table, seq, position, figures) => {
      await done;
      const none = { rowsSource: "0", rowsTarget: "0", ranges: 1, method: "stream" as const };
      const now = { seq, position, at: "then" };
      const whole = figures === null ? (clean.get(table)?.whole ?? null) : now;
      clean.set(table, { table, ...none, ...figures, whole, clean: now });
    },
    unprove: async (names) => {
      await done;
      for (const name of names) clean.delete(name);
    },
    tables: async () => {
      await done;
      return tables.map(
        (table) =>
          clean.get(table) ?? {
            ...{ table, whole: null, clean: null, rowsSource: "0", rowsTarget: "0", ranges: 0, method: null },
          },
      );
    },
    touched: async ({ source }, after, _upTo, onBatch) => {
      await done;
      for (const { table, seq, keys } of touches)
        if (table === source && seq > after && !onBatch(seq, keys)) return;
    },
    prune: async () => {
      await done;
      return 0;
    },
    end: async (id, told) => {
      await done;
      of(id).open = false;
      facts.push(told);
    },
    ended: async () => {
      await done;
      return [];
    },
  };
}

/** Nothing differs, and each table is one range, unless a test says otherwise. */
export function exampleComparing(over: Partial<Comparing> = {}): Comparing {
  const figures = { rowsSource: "1", rowsTarget: "1", bytes: "1", digest: null, method: "stream" as const };
  return {
    hasKeys: () => true,
    range: () => Promise.resolve(figures),
    extras: () => Promise.resolve(0),
    keys: () => Promise.resolve({ suspects: [], rowsSource: 1, rowsTarget: 1 }),
    ...over,
  };
}

/** In one lane, and nothing to build. */
export function examplePlan(tables: readonly PlanTable[]): Plan {
  return {
    version: 1,
    migration: "m",
    database: "shop",
    schema: "public",
    fingerprint: "",
    lanes: ["one"],
    tables,
    before: [],
    after: [],
    findings: [],
  };
}

export function exampleTools(
  tables: readonly PlanTable[],
  ranges: number,
  over: Partial<VerificationTools> & { readonly comparing?: Comparing } = {},
): VerificationTools {
  const plan = examplePlan(tables);
  const refuse = (): Promise<never> => Promise.reject(new Error("not asked"));
  const { comparing = exampleComparing(), ...rest } = over;
  return {
    source: {
      split: async function* ({ source: table }) {
        for (let number = 0; number < ranges; number += 1)
          yield await Promise.resolve({
            table,
            number,
            lower: number === 0 ? null : [String(number)],
            upper: number === ranges - 1 ? null : [String(number + 1)],
          });
      },
      reader: () => Promise.resolve({ read: refuse, [Symbol.asyncDispose]: () => Promise.resolve() }),
      seen: () => Promise.resolve(),
      exactCut: refuse,
    },
    target: {
      look: () =>
        Promise.resolve({
          checkpoints: new Map([["one", { seq: 1n, position: null }]]),
          read: refuse,
          count: refuse,
          [Symbol.asyncDispose]: () => Promise.resolve(),
        }),
    },
    ledger: exampleLedger(tables.map(({ source }) => source)),
    plan,
    engine: "mysql",
    comparings: { stream: comparing, digest: comparing },
    following: { caughtUp: () => Promise.resolve() },
    workers: () => 1,
    slots: 4,
    slot: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
    rangeRows: 1000,
    now: () => 0,
    wait: (_ms, signal) =>
      new Promise<void>((_, reject) => {
        const stop = (): void => reject(signal.reason as Error);
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
      }),
    moment: () => undefined,
    onEvent: () => undefined,
    ...rest,
  };
}
