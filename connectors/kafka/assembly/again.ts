/**
 * Values that a change event does not carry exactly, read again from the source: rows by their keys, once for all changes
 * that are held. What is read may be newer than the change; a change that says so follows it. A row that is gone leaves the
 * value as it came: its delete follows.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable, Position, SourceEngine } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { ChangeSink, RereadSource } from "../../../src/stream-port.js";
import { codecOf } from "../../../src/typemap/compile.js";
import type { FeedCount } from "../feed-options.js";
import type { RecordImages } from "../record.js";
import type { Change } from "./change.js";
import { KeyTexts } from "./key-texts.js";

/** Keys that one question names. */
const mostKeys = 5_000;

/** What patched images are written into. */
const firstRoom = 4096;
/** A room that a large row left behind is not kept. */
const keptRoom = 1_048_576;

interface Wanted {
  readonly table: PlanTable;
  readonly images: RecordImages;
  readonly key: KeyTexts;
  readonly keys: Map<string, readonly string[]>;
  /** The columns in doubt, one row of the protocol, by key. */
  readonly rows: Map<string, Buffer>;
}

export class Again {
  readonly #reread: RereadSource;
  readonly #engine: SourceEngine;
  readonly #onCount: (count: FeedCount) => void;
  readonly #wanted = new Map<PlanTable, Wanted>();
  #room: Buffer = Buffer.allocUnsafeSlow(firstRoom);

  constructor(reread: RereadSource, engine: SourceEngine, onCount: (count: FeedCount) => void) {
    this.#reread = reread;
    this.#engine = engine;
    this.#onCount = onCount;
  }

  /** The row of the change's new image is wanted; its key. */
  wants({ images, value, after, afterEnd }: Change): string {
    const { table } = images;
    let wanted = this.#wanted.get(table);
    if (wanted === undefined) {
      wanted = {
        table,
        images,
        key: new KeyTexts(table, this.#engine),
        keys: new Map(),
        rows: new Map(),
      };
      this.#wanted.set(table, wanted);
    }
    const { key, keys } = wanted;
    let name = "";
    images.reader(key.places).read(value, after, afterEnd, (packet, start, end) => {
      name = key.name(packet, start, end);
      if (!keys.has(name)) keys.set(name, key.texts());
    });
    return name;
  }

  async read(position: Position, signal: AbortSignal): Promise<void> {
    await this.#reread.seen(position, signal);
    for (const wanted of this.#wanted.values()) {
      const all = [...wanted.keys.values()];
      for (let at = 0; at < all.length; at += mostKeys)
        await this.#some(wanted, all.slice(at, at + mostKeys), signal);
      this.#onCount({ kind: "reread", table: wanted.table.source, rows: wanted.rows.size });
    }
  }

  async #some(
    { table, images, key, keys, rows }: Wanted,
    some: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<void> {
    const columns = [...key.places, ...images.doubtful].map((place) => {
      const column = table.columns[place];
      if (column === undefined) throw new Fault("bug", `${table.source} has no column ${String(place)}.`);
      return column;
    });
    const split = new Split(
      key.places.length,
      columns.map((column) => codecOf(column, this.#engine).cell.wire),
    );
    await this.#reread.read(
      {
        table: table.source,
        select: columns.map((column) => codecOf(column, this.#engine).select(mysqlName(column.source))),
        key: table.key,
        range: null,
        keys: { texts: some, columns: columns.slice(0, key.places.length) },
        ordered: false,
      },
      {
        row: (packet, start, end) => {
          split.row(packet, start, end);
          const name = key.name(split.first, 0, split.firstEnd);
          // A collation finds other spellings too.
          if (keys.has(name)) rows.set(name, split.others());
        },
        full: () => false,
        drained: async () => Promise.resolve(),
      },
      signal,
    );
  }

  /** Hands the change over with the values that were read. */
  patched(
    { images, operation, value, before, beforeEnd, after, afterEnd }: Change,
    key: string,
    sink: ChangeSink,
  ): void {
    const found = this.#wanted.get(images.table)?.rows.get(key) ?? null;
    const row = found === null ? null : { packet: found, start: 0, end: found.length };
    const room = beforeEnd - before + (afterEnd - after) + (found?.length ?? 0) + 64;
    // A sink keeps nothing of what it is handed.
    const out = this.#room.length >= room ? this.#room : Buffer.allocUnsafeSlow(room);
    if (room <= keptRoom) this.#room = out;
    const middle = images.patch(out, 0, value, before, beforeEnd, null);
    const end = images.patch(out, middle, value, after, afterEnd, row);
    sink.change(images.patched, operation, out, 0, middle, middle, end);
  }
}

/** One row of the binary protocol made into two: its first columns, and the others. */
class Split {
  /** The first columns of the row that came last: bytes [0, firstEnd). */
  first: Buffer = Buffer.allocUnsafeSlow(256);
  firstEnd = 0;
  readonly #count: number;
  readonly #wires: readonly number[];
  #packet: Buffer = this.first;
  #nulls = 0;
  #middle = 0;
  #end = 0;

  /** `wires`: bytes of each column's value; 0 where its length stands before it. */
  constructor(count: number, wires: readonly number[]) {
    this.#count = count;
    this.#wires = wires;
  }

  row(packet: Buffer, start: number, end: number): void {
    const columns = this.#wires.length;
    this.#packet = packet;
    this.#nulls = start + 1;
    this.#end = end;
    const data = this.#nulls + ((columns + 9) >> 3);
    let at = data;
    for (let i = 0; i < columns; i++) {
      if (i === this.#count) this.#middle = at;
      if (this.#isNull(i)) continue;
      const wire = this.#wires[i] as number;
      at = wire > 0 ? at + wire : pastText(packet, at);
    }
    if (at !== end)
      throw new Fault("bug", "A row that was read again has other columns than were asked for.");
    const size = sizeOf(this.#count, this.#middle - data);
    if (this.first.length < size) this.first = Buffer.allocUnsafeSlow(size);
    this.firstEnd = size;
    this.#part(this.first, 0, this.#count, data, this.#middle);
  }

  /** The other columns of the row that came last. */
  others(): Buffer {
    const columns = this.#wires.length;
    const others = Buffer.allocUnsafe(sizeOf(columns - this.#count, this.#end - this.#middle));
    this.#part(others, this.#count, columns, this.#middle, this.#end);
    return others;
  }

  #isNull(column: number): boolean {
    const bit = column + 2;
    return ((this.#packet[this.#nulls + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0;
  }

  #part(part: Buffer, from: number, to: number, start: number, end: number): void {
    const head = sizeOf(to - from, 0);
    part.fill(0, 0, head);
    for (let i = from; i < to; i++) {
      if (!this.#isNull(i)) continue;
      const bit = i - from + 2;
      const byte = 1 + (bit >> 3);
      part[byte] = (part[byte] as number) | (1 << (bit & 7));
    }
    this.#packet.copy(part, head, start, end);
  }
}

/** Bytes of a row of so many columns whose values take so many. */
function sizeOf(columns: number, values: number): number {
  return 1 + ((columns + 9) >> 3) + values;
}

function pastText(packet: Buffer, at: number): number {
  const first = packet[at] ?? 0;
  if (first < 0xfb) return at + 1 + first;
  if (first === 0xfc) return at + 3 + packet.readUInt16LE(at + 1);
  if (first === 0xfd) return at + 4 + packet.readUIntLE(at + 1, 3);
  return at + 9 + Number(packet.readBigUInt64LE(at + 1));
}
