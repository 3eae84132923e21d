/**
 * The buffer that fields are written into. With a sink it is a pool of 256 KB buffers: a full one is handed over and
 * comes back when the sink has sent it, so that memory does not grow with rows. A row that needs more gets a buffer
 * of its own size, the last of which is kept for the next such row. Without a sink it grows by doubling, for single
 * values. Nothing here is done per field; the row loop keeps buffer and offset in locals.
 */
import { Fault } from "../errors.js";
import type { PolicyName } from "../model.js";
import type { ByteSink } from "../port.js";
import type { CellSink } from "./codec.js";

export const poolBytes = 262_144;

/** Order of the counters of one column. */
export const policyNames: readonly PolicyName[] = ["zeroDate", "nul", "badText", "enumZero"];

/** A buffer that comes back: its release function is made once, not once a write. */
interface Slot {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly release: () => void;
}

export class Output implements CellSink {
  bytes: Buffer;
  view: DataView;
  at = 0;
  /** Index of the column whose cell runs; the row loop sets it before each call. */
  column = 0;
  /** Bytes handed to the sink. */
  handed = 0;
  /** The sink has enough; cleared by `drained`. */
  waiting = false;
  /** policyNames.length counters a column. */
  readonly counts: Float64Array;
  private slot: Slot;
  private readonly sink: ByteSink | null;
  private readonly free: Slot[] = [];
  private large: Slot | null = null;

  constructor(sink: ByteSink | null, columns: number, size = poolBytes) {
    this.sink = sink;
    this.counts = new Float64Array(columns * policyNames.length);
    this.slot = this.newSlot(size);
    this.bytes = this.slot.bytes;
    this.view = this.slot.view;
  }

  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    if (this.sink === null) this.grow(size);
    else this.flush(size);
  }

  changed(policy: PolicyName): void {
    const index = this.column * policyNames.length + policyNames.indexOf(policy);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
  }

  /** Hands over what is written and goes on in a buffer with room for `size` bytes. */
  flush(size: number): void {
    if (this.sink === null) throw new Fault("bug", "A buffer without a sink was to be flushed.");
    const full = this.slot;
    const length = this.at;
    this.take(size);
    if (length === 0) {
      full.release();
      return;
    }
    this.handed += length;
    const bytes = length === full.bytes.length ? full.bytes : full.bytes.subarray(0, length);
    if (!this.sink.write(bytes, full.release)) this.waiting = true;
  }

  /** Resolves when the sink takes more. */
  async drained(): Promise<void> {
    if (this.sink !== null) await this.sink.drained();
    this.waiting = false;
  }

  private take(size: number): void {
    if (size <= poolBytes) this.slot = this.free.pop() ?? this.newSlot(poolBytes);
    else if (this.large !== null && this.large.bytes.length >= size) {
      this.slot = this.large;
      this.large = null;
    } else this.slot = this.newSlot(size);
    this.bytes = this.slot.bytes;
    this.view = this.slot.view;
    this.at = 0;
  }

  private grow(size: number): void {
    const grown = this.newSlot(Math.max(this.at + size, this.bytes.length * 2));
    this.bytes.copy(grown.bytes, 0, 0, this.at);
    this.slot = grown;
    this.bytes = grown.bytes;
    this.view = grown.view;
  }

  private newSlot(size: number): Slot {
    const bytes = Buffer.allocUnsafeSlow(size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const slot: Slot = {
      bytes,
      view,
      release: () => {
        if (bytes.length === poolBytes) this.free.push(slot);
        else if (bytes.length > poolBytes) this.large = slot;
      },
    };
    return slot;
  }
}
