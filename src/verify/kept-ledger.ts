/**
 * A verifier's records of the soak: in memory, and kept as one small text by whoever is handed it (a file beside the journal),
 * so that an engine that takes over goes on. The ledger in the target holds what was proven of the way forward, and stays as
 * the fence left it. What the text does not have, a range in the middle of a round, is compared again; on another machine,
 * or for another cutover, all begins at the switch, where everything was equal. Nothing that is suspected is ever lost to
 * the limit of what is kept: a table with more keeps its keys dirty instead.
 */
import { z } from "zod";
import { Fault } from "../errors.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type {
  ProvenAt,
  RangeProof,
  RecordedMismatch,
  Suspect,
  TableProof,
  VerifyLedger,
  VerifyRun,
} from "../verify-port.js";

export interface KeptText {
  read(): Promise<string | null>;
  /** Replaces all of it, or nothing. */
  write(text: string): Promise<void>;
}

export interface KeptOptions {
  /** Of which cutover: another one's records say nothing. */
  readonly cutover: string;
  /** As the ledger had them at the switch, for the rows that there were. */
  readonly tables: readonly TableProof[];
  /** Where the way back stood at the switch: all was equal there. */
  readonly from: LaneCheckpoint;
  readonly touched: VerifyLedger["touched"];
  readonly text: KeptText;
  /** ISO time, for people. */
  readonly clock: () => string;
}

/** Rows on record, and verifications that are told of. */
const mostKept = 10_000;
const mostEnded = 200;

const state = z.object({
  cutover: z.string(),
  clean: z.array(z.object({ table: z.string(), seq: z.string(), position: z.unknown(), at: z.string() })),
  records: z.array(
    z.object({
      table: z.string(),
      key: z.string(),
      kind: z.enum(["missing", "extra", "different"]),
      columns: z.array(z.string()),
      copies: z.number(),
      state: z.enum(["suspect", "different", "pending"]),
      at: z.string(),
    }),
  ),
});

/** What such a text has, for whoever only tells of it; null where it is none. */
export function keptIn(text: string): z.infer<typeof state> | null {
  const found = state.safeParse(jsonOf(text));
  return found.success ? found.data : null;
}

interface Run {
  readonly run: VerifyRun;
  readonly ranges: {
    readonly range: RangeProof["range"];
    readonly table: string;
    proof: RangeProof | null;
  }[];
}

export async function keptLedger(options: KeptOptions): Promise<VerifyLedger> {
  const kept = new Kept(options);
  await kept.load();
  return kept.ledger;
}

class Kept {
  readonly #options: KeptOptions;
  readonly #clean = new Map<string, ProvenAt>();
  readonly #records = new Map<string, RecordedMismatch>();
  /** Tables with suspects that found no room. */
  readonly #crowded = new Set<string>();
  readonly #open = new Map<string, Run>();
  #ended: (VerifyRun & { readonly facts: Readonly<Record<string, unknown>> })[] = [];
  #number = 0;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { cutover, tables, from, text, clock } = this.#options;
    for (const { table } of tables)
      this.#clean.set(table, { seq: from.seq, position: from.position, at: clock() });
    const told = await text.read();
    if (told === null) return;
    const found = keptIn(told);
    if (found?.cutover !== cutover) return;
    // What the file does not have as clean had more suspects than are kept.
    const clean = new Set(found.clean.map(({ table }) => table));
    for (const { table } of tables) if (!clean.has(table)) this.#clean.delete(table);
    for (const { table, seq, at } of found.clean)
      if (this.#clean.has(table) && BigInt(seq) >= from.seq)
        this.#clean.set(table, { seq: BigInt(seq), position: null, at });
    for (const { key: hex, ...each } of found.records) {
      const key = Buffer.from(hex, "hex");
      this.#records.set(nameOf(each.table, key), { ...each, key, run: "0" });
    }
  }

  readonly ledger: VerifyLedger = {
    begin: (scope) => {
      const run = this.#open.get(JSON.stringify(scope))?.run ?? {
        ...{ id: String(++this.#number), scope, startedAt: this.#options.clock(), endedAt: null },
      };
      if (!this.#open.has(JSON.stringify(scope))) {
        this.#open.set(JSON.stringify(scope), { run, ranges: [] });
        this.#crowded.clear();
      }
      return Promise.resolve(run);
    },
    setRanges: (id, table, ranges) => {
      const { ranges: all } = this.#run(id);
      if (!all.some((each) => each.table === table))
        all.push(...ranges.map((range) => ({ range, table, proof: null })));
      return Promise.resolve();
    },
    ranges: (id) =>
      Promise.resolve(
        this.#run(id).ranges.flatMap(({ range, proof }) => (range === null ? [] : [{ range, proof }])),
      ),
    prove: (id, proof, suspects) => {
      const found = this.#run(id).ranges.find(
        ({ range, table }) => table === proof.table && range?.number === proof.number,
      );
      if (found === undefined) throw new Fault("bug", `A range of ${proof.table} was proven that is none.`);
      found.proof = proof;
      this.#suspect(id, suspects);
      return Promise.resolve();
    },
    suspect: (run, suspects) => {
      this.#suspect(run, suspects);
      return Promise.resolve();
    },
    mismatches: (table, states, after, limit) =>
      Promise.resolve(
        [...this.#records.values()]
          .filter((each) => each.table === table && states.includes(each.state))
          .filter(({ key }) => after === null || key.compare(after) > 0)
          .sort((a, b) => a.key.compare(b.key))
          .slice(0, limit),
      ),
    mismatchCounts: () => Promise.resolve(this.#counts()),
    settle: async (run, table, found) => {
      for (const { key, state: as, suspect } of found)
        if (as === null || suspect === null) this.#records.delete(nameOf(table, key));
        else this.#record({ ...suspect, state: as, run, at: this.#options.clock() });
      await this.#write();
    },
    setClean: async (table, seq, position) => {
      const before = this.#clean.get(table);
      // What was suspected and not kept is found again only by comparing the whole table.
      if (this.#crowded.has(table) || (before !== undefined && before.seq > seq)) return;
      this.#clean.set(table, { seq, position, at: this.#options.clock() });
      await this.#write();
    },
    unprove: async (names) => {
      for (const name of names) this.#clean.delete(name);
      await this.#write();
    },
    tables: () =>
      Promise.resolve(
        this.#options.tables.map((proof) => ({ ...proof, clean: this.#clean.get(proof.table) ?? null })),
      ),
    touched: (...asked) => this.#options.touched(...asked),
    // The way back's own log goes with it.
    prune: () => Promise.resolve(0),
    end: async (id, facts) => {
      const { run } = this.#run(id);
      this.#open.delete(JSON.stringify(run.scope));
      this.#ended = [{ ...run, endedAt: this.#options.clock(), facts }, ...this.#ended].slice(0, mostEnded);
      await this.#write();
    },
    ended: (limit) => Promise.resolve(this.#ended.slice(0, limit)),
  };

  #run(id: string): Run {
    const found = [...this.#open.values()].find(({ run }) => run.id === id);
    if (found === undefined) throw new Fault("bug", `No verification ${id} is open.`);
    return found;
  }

  #suspect(run: string, suspects: readonly Suspect[]): void {
    for (const each of suspects) this.#record({ ...each, state: "suspect", run, at: this.#options.clock() });
  }

  #record(each: RecordedMismatch): void {
    const name = nameOf(each.table, each.key);
    if (this.#records.size >= mostKept && !this.#records.has(name)) {
      this.#crowded.add(each.table);
      this.#clean.delete(each.table);
    } else this.#records.set(name, each);
  }

  #counts(): Awaited<ReturnType<VerifyLedger["mismatchCounts"]>> {
    const counts = new Map<string, { table: string; state: RecordedMismatch["state"]; count: number }>();
    for (const { table, state: as } of this.#records.values()) {
      const known = counts.get(`${as} ${table}`) ?? { table, state: as, count: 0 };
      counts.set(`${as} ${table}`, { ...known, count: known.count + 1 });
    }
    return [...counts.values()].map(({ count, ...each }) => ({ ...each, count: String(count) }));
  }

  async #write(): Promise<void> {
    const kept: z.infer<typeof state> = {
      cutover: this.#options.cutover,
      clean: [...this.#clean].map(([table, { seq, position, at }]) => ({
        ...{ table, position, at },
        seq: String(seq),
      })),
      records: [...this.#records.values()].map(({ table, key, kind, columns, copies, state: as, at }) => ({
        ...{ table, kind, copies, at, state: as },
        key: key.toString("hex"),
        columns: [...columns],
      })),
    };
    await this.#options.text.write(JSON.stringify(kept));
  }
}

function nameOf(table: string, key: Buffer): string {
  return `${table} ${key.toString("hex")}`;
}

/** A text that is cut off says nothing: all begins at the switch then. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
