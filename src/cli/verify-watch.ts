/** A verification's events as figures: for the log, for whoever waits for it, and for the screen. */
import type { Fault } from "../errors.js";
import type { Plan, PlanTable } from "../model.js";
import type { VerifyEvent } from "../verify/event.js";
import type { Log } from "../watch/log.js";
import type { DifferingRows } from "../watch/engine-status.js";
import type { VerifyReading } from "../watch/verify-meter.js";
import { VerifyMeter } from "../watch/verify-meter.js";

/** What an engine's control asks of its verifier. */
export interface Proving {
  unproved(): void;
  /** Of a verification that runs. */
  reading(): VerifyReading | undefined;
  /** As it is on record since everything was compared; undefined before. */
  differing(): readonly DifferingRows[] | undefined;
  /** Codes of what nobody could judge, which keeps `ready` back no longer. */
  unjudged(): readonly string[];
}

export class VerifyWatch {
  readonly #expected: ReadonlyMap<string, number>;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #followers = new Set<(reading: VerifyReading) => void>();
  #meter: VerifyMeter;

  /** As of now: of the verification that runs, or ran last. */
  get reading(): VerifyReading {
    return this.#meter.read();
  }

  constructor(plan: Plan, log: Log, now: () => number) {
    this.#expected = new Map(plan.tables.map(({ source, estimatedRows }) => [source, estimatedRows]));
    this.#log = log;
    this.#now = now;
    this.#meter = new VerifyMeter(this.#expected, now);
  }

  /** Tells of every step until it is disposed of. */
  follow(onReading: (reading: VerifyReading) => void): Disposable {
    this.#followers.add(onReading);
    return { [Symbol.dispose]: () => this.#followers.delete(onReading) };
  }

  /** A range whose digest a server refused: it is streamed. */
  readonly refused = (table: PlanTable, fault: Fault): void => {
    this.#log.warn(
      { table: table.source, code: fault.code },
      `no digest, so rows are read: ${fault.message}`,
    );
  };

  readonly event = (event: VerifyEvent): void => {
    switch (event.kind) {
      case "begun":
        this.#meter = new VerifyMeter(this.#expected, this.#now, (event.scope.sample?.percent ?? 100) / 100);
        this.#log.debug({ run: event.run, kind: event.scope.kind, resumed: event.resumed }, "verifying");
        // What is to be compared, and what was, is told next.
        return;
      case "whole":
        this.#meter.whole(event.tables);
        break;
      case "split":
        this.#meter.split(event.table, event.ranges, event.done, event.rows);
        break;
      case "compared":
        this.#meter.compared(event.proof.table, Number(event.proof.rowsSource));
        break;
      case "keys":
        this.#meter.keys(event.keys);
        break;
      case "suspects":
        this.#meter.suspected(event.count);
        this.#log.info({ table: event.table, rows: event.count }, "rows to be looked at again");
        break;
      case "rechecked":
        this.#log.debug(event, "looked at again");
        break;
      case "retry":
        this.#log.warn(
          { code: event.fault.code, attempt: event.attempt },
          `${event.what} again: ${event.fault.message}`,
        );
        break;
      case "no-slot":
        this.#log.info(event, event.kind);
        break;
    }
    const reading = this.#meter.read();
    for (const tell of this.#followers) tell(reading);
  };
}
