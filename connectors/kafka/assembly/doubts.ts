/**
 * What the topics leave open is settled before a transaction is handed over: statements that stand before it, numbers of
 * its server that no topic has, what other servers wrote before it, an end without a change. What no topic tells, the source's own log is asked about; what
 * cannot be told apart from a loss there is one.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, Position } from "../../../src/model.js";
import type {
  BookStanding,
  LogPlace,
  LogWitness,
  LoggedAct,
  LoggedCounts,
  LoggedTransaction,
  PositionBook,
  Unheard,
} from "../../../src/stream-port.js";
import type { FeedCount } from "../feed-options.js";
import { Acts, lost } from "./acts.js";
import type { Held } from "./held.js";
import type { Ended, Marks } from "./marks.js";
import type { Rows } from "./rows.js";
import type { Statements } from "./statements.js";
import type { Strangers } from "./strangers.js";

export interface DoubtsParts {
  readonly plan: Plan;
  readonly book: PositionBook;
  readonly standing: BookStanding;
  readonly witness: LogWitness;
  readonly strangers: Strangers;
  readonly held: Held;
  readonly rows: readonly Rows[];
  readonly statements: Statements | null;
  readonly marks: Marks;
  readonly position: () => Position;
  readonly signal: AbortSignal;
  readonly onCount: (count: FeedCount) => void;
}

/** Statements that may be of several tables. */
const takesSeveral = /\b(?:drop|rename)\b/iu;

export class Doubts {
  readonly #parts: DoubtsParts;
  readonly #acts: Acts;
  /** Of ends without changes, by GTID. */
  readonly #verdicts = new Map<string, LoggedAct>();
  /** Transactions, by GTID, before which the source's log has nothing that is not met or on its way. */
  #clear = new Set<string>();

  constructor(parts: DoubtsParts) {
    this.#parts = parts;
    this.#acts = new Acts(parts);
  }

  /** Hands over everything that stands before the place. Faults: topic-gap, log-purged. */
  async before(at: LogPlace): Promise<void> {
    await this.#beside(at);
    await this.#told(at);
    const { standing } = this.#parts;
    for (;;) {
      const missing = standing.missing(at);
      if (missing === null) return;
      const seen = await this.#ask([missing]);
      await this.#hand(seen);
      const cut = cutOf(seen);
      if (cut === null) {
        standing.excuse(missing);
        return;
      }
      // It comes in its own place, so nothing else gets by it either.
      if (!standing.has(cut.at)) throw unreadable(cut, missing);
    }
  }

  /** A replica may commit in another order than its source: what is still to come in its own place is not missing. */
  async #hand(seen: readonly LoggedTransaction[]): Promise<void> {
    for (const { at, act } of seen) if (!this.#comes(at)) await this.#acts.hand(at, act, "topic-gap");
    // Rows of theirs may be at the head of a topic (XA).
    for (const one of this.#parts.rows) one.forget();
  }

  /** Those that stand behind none of their own sequence that is still to come: past that one nothing is to be met. */
  #first(seen: readonly LoggedTransaction[]): readonly LoggedTransaction[] {
    const { book } = this.#parts;
    const coming = seen.filter(({ at }) => this.#comes(at));
    return seen.filter(({ at }) => !coming.some((one) => book.precedes(one.at, at)));
  }

  /**
   * What other servers wrote before the place: their numbers do not tell, so the source's log does. It is asked where a
   * statement waits that may stand before it, at the first transaction of a server that took over, since what the one
   * before it wrote last shows no gap, and as long as a lane refuses ends of XA transactions that stand before its copy's
   * marker (decision 0016).
   */
  async #beside(at: LogPlace): Promise<void> {
    const { statements, standing, rows, book, marks, held } = this.#parts;
    await statements?.pump();
    const waits =
      statements?.unordered(at) === true ||
      rows.some(({ head }) => head?.event.op === "t" && !book.ordered(head.at, at));
    if (!waits && !standing.isNew(at) && !held.awaits) return;
    if (this.#clear.has(nameOf(at))) return;
    this.#clear = this.#comes(at) ? await this.#clearAhead(marks.ahead.map((ended) => ended.at)) : new Set();
    if (this.#clear.has(nameOf(at))) return;
    const unread: LogPlace[] = [];
    for (;;) {
      const seen = await this.#unheard(at, unread);
      await this.#hand(this.#first(seen));
      const cut = cutOf(seen);
      if (cut === null) break;
      unread.push(cut.at);
    }
    this.#clear.add(nameOf(at));
  }

  /** Those of them before which nothing else stands: for all that have come two questions are enough. */
  async #clearAhead(ahead: readonly LogPlace[]): Promise<Set<string>> {
    const [last] = ahead.slice(1).slice(-1);
    if (last === undefined) return new Set();
    if ((await this.#unheard(last, ahead)).length === 0) return new Set(ahead.map(nameOf));
    const names = (await this.#unheard(last, [])).map((one) => nameOf(one.at));
    const come = new Set(ahead.map(nameOf));
    const first = names.findIndex((name) => !come.has(name));
    return new Set(first < 0 ? names : names.slice(0, first));
  }

  async #unheard(at: LogPlace, known: readonly LogPlace[]): ReturnType<LogWitness["before"]> {
    const { witness, standing, signal, onCount } = this.#parts;
    onCount({ kind: "asked", transactions: "1" });
    return await witness.before(at, standing.position(), known, signal);
  }

  /** A transaction that ended without a change has none of ours in the source's log either. Faults: events-dropped. */
  async empty(ended: Ended): Promise<void> {
    const name = nameOf(ended.at);
    if (!this.#verdicts.has(name)) await this.#askEmpty(ended);
    const act = this.#verdicts.get(name);
    this.#verdicts.delete(name);
    if (act === undefined) throw unknown(ended);
    if (act.kind !== "nothing") await this.#acts.hand(ended.at, act, "events-dropped");
  }

  /**
   * What the source's log has of a transaction whose changes came more than once: its end counts what is left of it, or what
   * was sent before as well. Faults: events-dropped.
   */
  async counted(ended: Ended): Promise<LoggedCounts> {
    const [seen] = await this.#ask([this.#parts.witness.named(ended.at)]);
    if (seen === undefined) throw unknown(ended);
    if (seen.counts !== null) return seen.counts;
    if (seen.act.kind === "rows" || seen.act.kind === "prepared")
      throw lost(ended.id, seen.act, "events-dropped");
    return { tables: new Map(), markers: new Map() };
  }

  /** Those that have come already are asked about in one go. */
  async #askEmpty(ended: Ended): Promise<void> {
    const { marks, witness, standing } = this.#parts;
    const all = [ended, ...marks.ahead].filter(
      ({ at, events, begun }) => events === 0 && begun === 1 && !standing.has(at),
    );
    const names = new Set(all.map(({ at }) => nameOf(at)));
    const distinct = all.filter(({ at }) => names.delete(nameOf(at)));
    for (const { at, act } of await this.#ask(distinct.map(({ at }) => witness.named(at))))
      this.#verdicts.set(nameOf(at), act);
  }

  async #ask(unheard: Parameters<LogWitness["look"]>[0]): ReturnType<LogWitness["look"]> {
    const { witness, standing, signal, onCount } = this.#parts;
    const count = unheard.reduce((sum, one) => sum + BigInt(one.count), 0n);
    onCount({ kind: "asked", transactions: String(count) });
    return await witness.look(unheard, standing.position(), signal);
  }

  #comes(at: LogPlace): boolean {
    const name = nameOf(at);
    return this.#parts.marks.ahead.some((ended) => nameOf(ended.at) === name);
  }

  /** What the topics have of statements: changes of tables from their own topic, TRUNCATE from the lane's. */
  async #told(at: LogPlace): Promise<void> {
    const { statements, witness } = this.#parts;
    for (;;) {
      await statements?.pump();
      const statement = statements?.before(at) ?? null;
      const emptied = this.#emptied(at);
      if (statement === null && emptied === null) return;
      if (
        emptied !== null &&
        (statement === null || this.#parts.book.precedes(emptied.head.at, statement.at))
      ) {
        await this.emptied(emptied.rows);
        continue;
      }
      if (statement === null || statements === null) return;
      const records = statements.of(statement.at).map(({ record }) => record);
      const acts = records.map((record) => witness.judge(record.statement, record.db));
      const several = records.some((record) => takesSeveral.test(record.statement));
      await this.#acts.hand(
        statement.at,
        await this.#whole(statement.at, acts.reduce(both), several),
        "topic-gap",
      );
    }
  }

  /**
   * DROP TABLE a, b comes as one record for each, and the last of them may still be on its way: the log has all of them. Of a
   * statement that only adds there is one.
   */
  async #whole(at: LogPlace, told: LoggedAct, several: boolean): Promise<LoggedAct> {
    if (told.kind === "schema" ? told.adds : !several) return told;
    const { plan, witness } = this.#parts;
    try {
      const seen = await this.#ask([witness.named(at)]);
      return seen.map(({ act }) => act).reduce(both, told);
    } catch (error) {
      if (told.kind !== "schema" || !(error instanceof Fault) || error.code !== "log-purged") throw error;
      // Nobody can tell any more which tables it leaves alone.
      return { ...told, tables: plan.tables.map(({ source }) => source) };
    }
  }

  #emptied(at: LogPlace): { readonly rows: Rows; readonly head: NonNullable<Rows["head"]> } | null {
    for (const rows of this.#parts.rows) {
      const { head } = rows;
      if (head?.event.op === "t" && this.#parts.book.precedes(head.at, at)) return { rows, head };
    }
    return null;
  }

  /** Hands over the TRUNCATE at a topic's head, a transaction of its own. */
  async emptied(rows: Rows): Promise<void> {
    const { head } = rows;
    if (head === null) return;
    const tables = head.target.kind === "table" ? [head.target.table] : [];
    if (this.#parts.standing.missing(head.at) !== null) await this.before(head.at);
    if (rows.head !== head) return;
    await this.#acts.hand(head.at, { kind: "truncate", tables }, "topic-gap", head.event.ts);
    rows.forget();
    rows.take();
  }
}

function both(one: LoggedAct, other: LoggedAct): LoggedAct {
  if (one.kind === "nothing") return other;
  if (one.kind === "schema" && other.kind === "schema")
    return { ...one, tables: [...new Set([...one.tables, ...other.tables])], adds: one.adds && other.adds };
  return one;
}

/** The one behind which the log could not be read; null where it was read to its end. */
function cutOf(seen: readonly LoggedTransaction[]): LoggedTransaction | null {
  const last = seen.at(-1);
  return last?.cut === true ? last : null;
}

function unreadable({ at, act }: LoggedTransaction, { names }: Unheard): Fault {
  return new Fault(
    "topic-gap",
    `Some of ${names} may be in no topic, and the source's log cannot be read past ${at.gtid ?? ""}. ${act.kind === "rows" ? act.why : ""}`,
    { facts: { transaction: at.gtid } },
  );
}

function nameOf({ gtid }: LogPlace): string {
  return (gtid ?? "").toLowerCase();
}

function unknown({ id, events }: Ended): Fault {
  return new Fault(
    "events-dropped",
    `The transaction ${id} came ${events === 0 ? "without changes" : "in parts"}, and the source's log does not know it.`,
    { facts: { transaction: id } },
  );
}
