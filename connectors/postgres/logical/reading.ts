/**
 * One reading of the slot: a connection of the replication protocol, its messages in their order, and what the server is
 * told has been applied. The package acknowledges nothing by itself: only what the ledger has committed is told, and told
 * again and again, so that the server does not take us for dead while a sink is full.
 */
import type { Client } from "pg";
import { LogicalReplicationService } from "pg-logical-replication";
import type { Pgoutput } from "pg-logical-replication";
import { Fault } from "../../../src/errors.js";
import { stopReason } from "../../../src/stop.js";
import { clientConfig } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { faultOf } from "../fault.js";
import { lsnOf, lsnText } from "./lsn.js";
import { LogPlugin } from "./plugin.js";
import { slotGone, slotLost } from "./slot.js";
import type { Transactions } from "./transactions.js";

export interface ReadingOptions {
  readonly server: PostgresOptions;
  /** Slot and publication. */
  readonly name: string;
  readonly from: bigint;
  /** End where everything before it is handed over; null never ends. */
  readonly end: bigint | null;
  readonly withoutOrigins: boolean;
  readonly transactions: Transactions;
  /** What may be thrown away: everything before is committed by the ledger. */
  readonly confirmed: () => bigint;
  /** The slot is ours. Nothing is taken before it resolves. */
  readonly onStart: () => Promise<void>;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** How often it is looked whether there is something to tell. */
const tickMs = 500;
/** So often the server is told where we are, whether that has changed or not, and asked for an answer. */
const statusMs = 5000;
/** Without a sign of life for so long, nobody is there. */
const silenceMs = 45_000;
const senderTimeoutMs = 60_000;

export class Reading {
  readonly #options: ReadingOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (fault: Fault) => void = () => undefined;
  #ended = false;
  /** Messages that have come, and those that are done with. */
  #come = 0;
  #taken = 0;
  /** Where the server had read to, once so many messages are done with. */
  #reached: { readonly lsn: bigint; readonly behind: number } | null = null;
  #heard = 0;
  /** The sink is full: silence is ours. */
  #standing = false;
  #told = -1n;
  #toldAt = 0;
  #started: Promise<void> | null = null;
  #client: Client | null = null;
  /** The server takes what we tell. */
  #begun = false;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Resolves at `end`; ends by a Fault or the signal's reason otherwise. */
  async run(): Promise<void> {
    const { server, name, from, withoutOrigins, signal } = this.#options;
    const service = new LogicalReplicationService(
      { ...clientConfig(server), options: `-c wal_sender_timeout=${String(senderTimeoutMs)}` },
      { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: true } },
    );
    const plugin = new LogPlugin({
      publication: name,
      withoutOrigins,
      onMessage: () => {
        this.#come += 1;
        this.#heard = this.#options.now();
      },
      onConnected: (client) => {
        this.#client = client;
      },
      onUnreadable: (error) =>
        this.#fail(
          new Fault("log-refused", "A message of the target's log cannot be read.", { cause: error }),
        ),
    });
    service.on("error", (error) => this.#fail(error));
    service.on("start", () => {
      this.#heard = this.#options.now();
      this.#begun = true;
      this.#started = this.#start();
      this.#tell(false);
    });
    service.on("data", (_, message: Pgoutput.Message) => this.#take(message));
    service.on("heartbeat", (lsn, _, answer) => {
      this.#heard = this.#options.now();
      this.#reached = { lsn: lsnOf(lsn), behind: this.#come };
      this.#met();
      if (answer) this.#tell(false);
    });
    const stopped = (): void => this.#fail(stopReason(signal));
    signal.addEventListener("abort", stopped, { once: true });
    try {
      if (signal.aborted) stopped();
      else {
        void this.#subscribe(service, plugin, name, lsnText(from));
        void this.#tick();
      }
      await this.#done;
    } finally {
      this.#ended = true;
      this.#stop.abort();
      signal.removeEventListener("abort", stopped);
      await service.destroy();
    }
  }

  async #subscribe(
    service: LogicalReplicationService,
    plugin: LogPlugin,
    name: string,
    from: string,
  ): Promise<void> {
    try {
      await service.subscribe(plugin, name, from);
      this.#fail(new Fault("connection-lost", "The target ended its log's stream."));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    try {
      await this.#options.onStart();
      this.#started = null;
      this.#met();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Never rejects: the package would go on with the next message. */
  async #take(message: Pgoutput.Message): Promise<void> {
    try {
      if (this.#started !== null) await this.#started;
      if (this.#ended) return;
      const full = this.#options.transactions.take(message);
      if (full !== undefined) {
        this.#standing = true;
        await full;
        this.#standing = false;
        this.#heard = this.#options.now();
      }
      this.#taken += 1;
      this.#met();
    } catch (error) {
      this.#fail(error);
    }
  }

  #met(): void {
    if (this.#ended || this.#started !== null) return;
    const { transactions, end } = this.#options;
    try {
      if (this.#reached !== null && this.#taken >= this.#reached.behind) {
        const { lsn } = this.#reached;
        this.#reached = null;
        transactions.reached(lsn);
      }
      if (end !== null && transactions.at >= end && !transactions.inside) this.#finish();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #tick(): Promise<void> {
    const { now, wait, confirmed } = this.#options;
    try {
      for (;;) {
        await wait(tickMs, this.#stop.signal);
        if (this.#heard > 0 && !this.#standing && now() - this.#heard > silenceMs)
          throw new Fault("connection-lost", "The target's log has been silent: nobody is there.");
        if (confirmed() !== this.#told || now() - this.#toldAt > statusMs) this.#tell(true);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * What is confirmed is told once, and then only how far we have come: a server that is shut down waits for the place that
   * it was told last, and would wait for the ledger as long as we live. The package would tell the place behind the one
   * that it is given, where a commit may stand.
   */
  #tell(ask: boolean): void {
    const confirmed = this.#options.confirmed();
    const { at } = this.#options.transactions;
    const stream = this.#client?.connection.stream;
    if (!this.#begun || stream?.writable !== true) return;
    stream.write(statusOf(at > confirmed ? at : confirmed, confirmed === this.#told ? 0n : confirmed, ask));
    this.#told = confirmed;
    this.#toldAt = this.#options.now();
  }

  #finish(): void {
    this.#ended = true;
    this.#resolve();
  }

  /** The first counts. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reject(this.#fault(error));
  }

  #fault(error: unknown): Fault {
    const { name } = this.#options;
    const fault = faultOf(error, "reading the target's log");
    const state = fault.facts["sqlState"];
    if (state === "42704") return slotGone(name);
    if (state === "55006")
      return new Fault("target-busy", `Somebody else is reading the replication slot ${name}.`, {
        facts: fault.facts,
        cause: fault,
      });
    if (state === "55000" || state === "58P01") return slotLost(name, fault.message);
    return fault;
  }
}

/** CopyData of a "standby status update". 0 for flushed confirms nothing; its time is for the server's views alone. */
function statusOf(written: bigint, flushed: bigint, ask: boolean): Buffer {
  const status = Buffer.alloc(39);
  status.write("d", 0, "latin1");
  status.writeInt32BE(38, 1);
  status.write("r", 5, "latin1");
  status.writeBigUInt64BE(written, 6);
  status.writeBigUInt64BE(flushed, 14);
  status.writeBigUInt64BE(flushed, 22);
  status[38] = ask ? 1 : 0;
  return status;
}
