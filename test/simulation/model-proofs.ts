/**
 * The model's ledger of verification: runs, proofs, suspects and the keys that batches touched, kept in the target
 * whoever the engine is. Every write proves the epoch, and asks the target as everything else does.
 */
import type { Plan, Position, Range } from "../../src/model.js";
import type {
  RangeProof,
  RecordedMismatch,
  Suspect,
  TableProof,
  VerifyLedger,
  VerifyRun,
  WholeFigures,
} from "../../src/verify-port.js";

interface Dirty {
  readonly lane: string;
  readonly seq: bigint;
  readonly table: string;
  /** null is the whole table. */
  readonly keys: Buffer | null;
}

interface RangeState {
  readonly run: string;
  readonly range: Range;
  proof: RangeProof | null;
}

type Run = VerifyRun & { readonly facts: Readonly<Record<string, unknown>> };

export class ModelProofs {
  readonly #plan: Plan;
  #dirty: Dirty[] = [];
  #runs: Run[] = [];
  #open: VerifyRun | null = null;
  #ranges: RangeState[] = [];
  readonly #mismatches = new Map<string, RecordedMismatch>();
  readonly #tables = new Map<string, TableProof>();
  #number = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** With the batch's own commit. */
  touch(lane: string, seq: bigint, touched: ReadonlyMap<string, Buffer | null>): void {
    for (const [table, keys] of touched) this.#dirty.push({ lane, seq, table, keys });
  }

  /** `act` asks the server and proves the epoch, `ask` asks only. */
  ledger(act: (what: string) => Promise<void>, ask: (what: string) => Promise<void>): VerifyLedger {
    return {
      begin: async (scope) => {
        await act("begin verification");
        const same = this.#open !== null && JSON.stringify(this.#open.scope) === JSON.stringify(scope);
        if (!same || this.#open === null)
          this.#open = { id: String(++this.#number), scope, startedAt: "", endedAt: null };
        return this.#open;
      },
      setRanges: async (run, table, ranges) => {
        await act(`ranges to verify of ${table}`);
        if (this.#ranges.some((each) => each.run === run && each.range.table === table)) return;
        this.#ranges.push(...ranges.map((range) => ({ run, range, proof: null })));
      },
      ranges: async (run) => {
        await ask("ranges to verify");
        return this.#ranges.filter((each) => each.run === run).map(({ range, proof }) => ({ range, proof }));
      },
      prove: async (run, proof, suspects) => {
        await act(`prove ${proof.table}`);
        for (const suspect of suspects) this.#put(run, suspect, "suspect");
        const state = this.#ranges.find(
          ({ run: of, range }) => of === run && range.table === proof.table && range.number === proof.number,
        );
        if (state === undefined) throw new Error(`no range ${proof.number} of ${proof.table}`);
        state.proof = proof;
      },
      suspect: async (run, suspects) => {
        await act("suspect");
        for (const suspect of suspects) this.#put(run, suspect, "suspect");
      },
      mismatches: async (table, states, after, limit) => {
        await ask(`mismatches of ${table}`);
        return [...this.#mismatches.values()]
          .filter((each) => each.table === table && states.includes(each.state))
          .filter(({ key }) => after === null || Buffer.compare(key, after) > 0)
          .sort((a, b) => Buffer.compare(a.key, b.key))
          .slice(0, limit);
      },
      mismatchCounts: async () => {
        await ask("count mismatches");
        return [...this.#mismatches.values()].map(({ table, state }) => ({ table, state, count: "1" }));
      },
      settle: async (run, table, found) => {
        await act(`settle ${table}`);
        for (const { key, state, suspect } of found) {
          if (state === null || suspect === null) this.#mismatches.delete(nameOf(table, key));
          else this.#put(run, suspect, state);
        }
      },
      setClean: async (table, seq, position, figures) => {
        await act(`clean ${table}`);
        this.#setClean(table, seq, position, figures);
      },
      unprove: async (tables) => {
        await act("unprove");
        for (const table of tables) this.#tables.delete(table);
      },
      tables: async () => {
        await ask("proofs");
        return this.#plan.tables.map(({ source }) => this.#proof(source));
      },
      touched: async (table, after, upTo, onBatch) => {
        await ask(`touched keys of ${table.source}`);
        for (const { lane, seq, table: name, keys } of this.#dirty) {
          if (lane !== table.lane || name !== table.source || seq <= after) continue;
          if (upTo !== null && seq > upTo) continue;
          if (!onBatch(seq, keys)) return;
        }
      },
      prune: async (lane) => {
        await act(`forget touched keys of ${lane}`);
        const clean = this.#plan.tables
          .filter((table) => table.lane === lane)
          .map(({ source }) => this.#proof(source).clean?.seq ?? -1n);
        const least = clean.reduce((a, b) => (b < a ? b : a));
        const before = this.#dirty.length;
        this.#dirty = this.#dirty.filter((each) => each.lane !== lane || each.seq > least);
        return before - this.#dirty.length;
      },
      end: async (run, facts) => {
        await act("end verification");
        if (this.#open?.id !== run) throw new Error(`${run} is not the verification that goes on`);
        this.#runs.unshift({ ...this.#open, endedAt: "", facts });
        this.#ranges = this.#ranges.filter((each) => each.run !== run);
        this.#open = null;
      },
      ended: async (limit) => {
        await ask("verifications");
        return this.#runs.slice(0, limit);
      },
    };
  }

  #put(run: string, suspect: Suspect, state: RecordedMismatch["state"]): void {
    const name = nameOf(suspect.table, suspect.key);
    const known = this.#mismatches.get(name)?.state;
    // Accused rows stay so until they are looked at again.
    const kept = state === "suspect" && known === "different" ? known : state;
    this.#mismatches.set(name, { ...suspect, key: Buffer.from(suspect.key), state: kept, run, at: "" });
  }

  #proof(table: string): TableProof {
    return (
      this.#tables.get(table) ?? {
        ...{ table, whole: null, clean: null, rowsSource: "0", rowsTarget: "0", ranges: 0, method: null },
      }
    );
  }

  #setClean(table: string, seq: bigint, position: Position | null, figures: WholeFigures | null): void {
    const known = this.#proof(table);
    if (figures === null && known.clean === null) throw new Error(`${table} was never compared whole`);
    const later = known.clean !== null && known.clean.seq > seq ? known.clean : { seq, position, at: "" };
    const whole = figures === null ? known.whole : { seq, position, at: "" };
    this.#tables.set(table, { ...known, ...figures, whole, clean: later });
  }
}

function nameOf(table: string, key: Buffer): string {
  return `${table} ${key.toString("hex")}`;
}
