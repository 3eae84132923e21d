/**
 * The buffer that fields are written into. With a sink it is one of a pool of 256 KB buffers: a full one is handed
 * over and comes back when the sink has sent it, so that memory does not grow with rows, nor with ranges, which share
 * the pool. A row that needs more gets a buffer of its own size, the last of which is kept for the next such row.
 * Without a sink it grows by doubling, for single values. Nothing here is done per field; the row loop keeps buffer
 * and offset in locals.
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
  /** Set while an Output or its sink has the buffer. A buffer that came back twice would have two writers. */
  taken: boolean;
}

/** Buffers that nobody has. More than this many are left to the garbage collector. */
const pool: Slot[] = [];
const poolSlots = 64;

function newSlot(size: number | Buffer, back: (slot: Slot) => void): Slot {
  const bytes = typeof size === "number" ? Buffer.allocUnsafeSlow(size) : size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const release = (): void => {
    if (!slot.taken) throw new Fault("bug", "A buffer was released twice.");
    slot.taken = false;
    back(slot);
  };
  const slot: Slot = { bytes, view, release, taken: true };
  return slot;
}

function pooled(): Slot {
  const slot = pool.pop();
  if (slot === undefined)
    return newSlot(poolBytes, (back) => {
      if (pool.length < poolSlots) pool.push(back);
    });
  slot.taken = true;
  return slot;
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
  private large: Slot | null = null;

  /** Without a sink, `first` is the buffer that it begins with, or that one's size. */
  constructor(sink: ByteSink | null, columns: number, first: number | Buffer = 256) {
    this.sink = sink;
    this.counts = new Float64Array(columns * policyNames.length);
    this.slot = sink === null ? newSlot(first, () => undefined) : pooled();
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
    const { slot, at } = this;
    this.use(this.room(size));
    this.hand(slot, at);
  }

  /** Hands over what is written, for the last time. */
  end(): void {
    this.hand(this.slot, this.at);
    this.use(nothing);
  }

  /** Resolves when the sink takes more. */
  async drained(): Promise<void> {
    if (this.sink !== null) await this.sink.drained();
    this.waiting = false;
  }

  private room(size: number): Slot {
    if (size <= poolBytes) return pooled();
    const large = this.large;
    this.large = null;
    if (large === null || large.bytes.length < size) return newSlot(size, (slot) => (this.large = slot));
    large.taken = true;
    return large;
  }

  private hand(slot: Slot, length: number): void {
    if (this.sink === null) throw new Fault("bug", "A buffer without a sink was to be handed over.");
    if (length === 0) {
      slot.release();
      return;
    }
    this.handed += length;
    const bytes = length === slot.bytes.length ? slot.bytes : slot.bytes.subarray(0, length);
    if (!this.sink.write(bytes, slot.release)) this.waiting = true;
  }

  private grow(size: number): void {
    const grown = newSlot(Math.max(this.at + size, this.bytes.length * 2), () => undefined);
    this.bytes.copy(grown.bytes, 0, 0, this.at);
    const { at } = this;
    this.use(grown);
    this.at = at;
  }

  private use(slot: Slot): void {
    this.slot = slot;
    this.bytes = slot.bytes;
    this.view = slot.view;
    this.at = 0;
  }
}

/** What an ended Output has: no byte fits. */
const nothing = newSlot(0, () => undefined);
