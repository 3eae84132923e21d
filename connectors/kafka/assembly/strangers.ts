/**
 * Transactions that lie in the topics and that the source never had: of a clone, of a server that lost its end in a
 * failover, of a source before its backup was restored. Each is held against what the source has executed before it is
 * handed over; what is there was told once and is remembered, so that the source is asked for news alone.
 */
import { Fault } from "../../../src/errors.js";
import type { ExecutedLog, LogPlace } from "../../../src/stream-port.js";

export interface StrangersParts {
  readonly executed: ExecutedLog;
  /** Resolves after a moment. */
  readonly rest: () => Promise<void>;
  readonly now: () => number;
  /** A source that waits for its replicas shows its log before it has executed what is in it. */
  readonly patienceMs: number;
}

export class Strangers {
  readonly #parts: StrangersParts;

  constructor(parts: StrangersParts) {
    this.#parts = parts;
  }

  /** Fault topic-refused. */
  async demandNone(at: LogPlace): Promise<void> {
    const { executed, rest, now, patienceMs } = this.#parts;
    if (executed.has(at)) return;
    const begun = now();
    for (;;) {
      await executed.refresh();
      if (executed.has(at)) return;
      if (now() - begun > patienceMs) throw stranger(at);
      await rest();
    }
  }
}

function stranger({ gtid }: LogPlace): Fault {
  return new Fault(
    "topic-refused",
    `The topics have the transaction ${gtid ?? ""}, and the source has executed none of that name: it is of another server, or the source has lost it since in a failover or a restore.`,
    {
      next: "Set feed.kind: binlog, then headgate run: it goes on in the source's own log. Topics of another feed.kafka.prefix have nothing of before.",
      facts: { transaction: gtid ?? "" },
    },
  );
}
