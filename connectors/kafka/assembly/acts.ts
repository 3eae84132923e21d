/**
 * What the source's own log has of a transaction that no topic tells, or tells without its changes, is handed over where
 * that is enough to apply it; rows are not, and so it ends the reading.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable, Position } from "../../../src/model.js";
import type { BookStanding, LogPlace, LogWitness, LoggedAct } from "../../../src/stream-port.js";
import type { Held } from "./held.js";
import type { Strangers } from "./strangers.js";

/** How a loss is called: a number that is missing, or an end that has lost its changes. */
export type Loss = "topic-gap" | "events-dropped";

export interface ActsParts {
  readonly plan: Plan;
  readonly standing: BookStanding;
  readonly strangers: Strangers;
  readonly held: Held;
  readonly witness: LogWitness;
  readonly position: () => Position;
  readonly signal: AbortSignal;
}

export class Acts {
  readonly #parts: ActsParts;

  constructor(parts: ActsParts) {
    this.#parts = parts;
  }

  /** Faults: `loss`, xa-event, prepared-transactions. */
  async hand(at: LogPlace, act: LoggedAct, loss: Loss, committedAt = 0): Promise<void> {
    const { held, standing, strangers, position } = this.#parts;
    if (standing.has(at)) return;
    await strangers.demandNone(at);
    if (act.kind === "nothing") {
      standing.reach(at);
      return;
    }
    if (act.kind === "schema") {
      await this.#changes(at, act);
      return;
    }
    if (act.kind === "prepared") {
      await this.#prepared(at, act);
      return;
    }
    const transaction = standing.transaction(at, committedAt > 0 ? committedAt : null);
    if (act.kind !== "truncate") await held.flush();
    held.begin(transaction);
    switch (act.kind) {
      case "truncate":
        for (const table of act.tables) if (held.wants(table)) held.truncate(table);
        break;
      case "unseen":
        held.endsUnseen();
        break;
      default:
        if (this.#concerned(act.tables).some((table) => held.wants(table)))
          throw lost(transaction.name, act, loss);
    }
    standing.reach(at);
    held.commit(position);
    if (held.full) await held.settle();
  }

  /**
   * Rows that were prepared are in a copy, or not, by where their end stands. Fault xa-event: nobody can tell a lane of that end,
   * or it has not come.
   */
  async #prepared(at: LogPlace, act: LoggedAct & { readonly kind: "prepared" }): Promise<void> {
    const { held, standing, witness, position, signal } = this.#parts;
    const end = await witness.endOf(at, standing.position(), signal);
    const { name } = standing.transaction(at, null);
    if (end === null) throw lost(name, act, "topic-gap");
    if (end.committed) {
      await held.flush();
      held.begin(standing.transaction(end.at, null));
      if (this.#concerned(act.tables).some((table) => held.wants(table))) throw lost(name, act, "topic-gap");
    }
    standing.reach(at);
    if (end.committed) held.commit(position);
  }

  async #changes(at: LogPlace, act: LoggedAct & { readonly kind: "schema" }): Promise<void> {
    const { held, standing, position } = this.#parts;
    const { tables, statement, adds } = act;
    const transaction = standing.transaction(at, null);
    const change = { tables, statement, adds, at: transaction.name };
    await held.flush();
    held.schemaChange({ ...change, within: (other) => transaction.within(other) }, position);
    await held.settle();
    standing.reach(at);
  }

  #concerned(tables: readonly string[]): readonly PlanTable[] {
    const { plan } = this.#parts;
    return tables.length === 0 ? plan.tables : plan.tables.filter(({ source }) => tables.includes(source));
  }
}

/** What the log has cannot be applied from there. */
export function lost(
  name: string,
  act: LoggedAct & { readonly kind: "rows" | "prepared" },
  loss: Loss,
): Fault {
  const facts = { transaction: name, tables: act.tables.join(" ") };
  if (act.kind === "prepared")
    return new Fault(
      "xa-event",
      `The transaction ${name} changed ${act.tables.join(", ")} as an XA transaction, of whose end no topic tells.`,
      { facts },
    );
  return loss === "topic-gap"
    ? new Fault("topic-gap", `The transaction ${name} is in no topic. ${act.why}`, { facts })
    : new Fault(
        "events-dropped",
        `The connector has dropped the changes of the transaction ${name}. ${act.why}`,
        { facts },
      );
}
