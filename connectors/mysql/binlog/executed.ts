/**
 * Which transactions the source has executed, by name, for a feed that is told of them by others. MySQL keeps them as a set.
 * MariaDB keeps the last number of each server in each domain, as its log has had them: what a server wrote before it is
 * taken for executed, and of a server that never stood in the log nothing is.
 */
import { Fault } from "../../../src/errors.js";
import type { SourceEngine } from "../../../src/model.js";
import type { ExecutedLog, LogPlace } from "../../../src/stream-port.js";
import { setGtidOf } from "./book.js";
import { GtidSet } from "./gtid-set.js";

/** The value of one expression, asked of the source. */
export type AskValue = (sql: string) => Promise<string | null>;

export function executedLog(engine: SourceEngine, ask: AskValue): ExecutedLog {
  return engine === "mariadb" ? new LastNumbers(ask) : new ExecutedSet(ask);
}

class ExecutedSet implements ExecutedLog {
  readonly #ask: AskValue;
  #set = new GtidSet();

  constructor(ask: AskValue) {
    this.#ask = ask;
  }

  has(at: LogPlace): boolean {
    const { key, number } = setGtidOf(at);
    return this.#set.has(key, number);
  }

  async refresh(): Promise<void> {
    this.#set = GtidSet.parse((await this.#ask("SELECT @@GLOBAL.gtid_executed")) ?? "");
  }
}

class LastNumbers implements ExecutedLog {
  readonly #ask: AskValue;
  /** By `domain-server`. */
  #last = new Map<string, bigint>();

  constructor(ask: AskValue) {
    this.#ask = ask;
  }

  has({ gtid }: LogPlace): boolean {
    const { writer, number } = numberOf(gtid ?? "");
    return number <= (this.#last.get(writer) ?? -1n);
  }

  async refresh(): Promise<void> {
    const state = (await this.#ask("SELECT @@GLOBAL.gtid_binlog_state")) ?? "";
    const parts = state.replaceAll(/\s/gu, "").split(",");
    this.#last = new Map(
      parts.flatMap((part) => {
        if (part === "") return [];
        const { writer, number } = numberOf(part);
        return [[writer, number] as const];
      }),
    );
  }
}

function numberOf(gtid: string): { readonly writer: string; readonly number: bigint } {
  const match = /^(\d{1,10}-\d{1,10})-(\d{1,20})$/u.exec(gtid);
  if (match === null) throw new Fault("position-unknown", `"${gtid.slice(0, 100)}" is no GTID of MariaDB.`);
  return { writer: match[1] ?? "", number: BigInt(match[2] ?? "") };
}
