/**
 * A growing run of bytes: doubles when full, is emptied without giving its memory back, and drops memory that one
 * huge value made it take. Reading and writing by index is up to its users; `room` must be called before.
 */
const keptBytes = 1_048_576;

/** Up to this length four bytes at a time are faster than a call into native code. */
const shortRun = 400;

/**
 * Copies [start, end) to `o`; returns the offset after it. Short runs are copied in whole words: up to three bytes
 * behind their ends are read and written, so both must have that room.
 */
export function copyRun(source: DataView, start: number, end: number, out: DataView, o: number): number {
  const length = end - start;
  if (length <= shortRun) for (let k = 0; k < length; k += 4) out.setInt32(o + k, source.getInt32(start + k));
  else
    new Uint8Array(out.buffer, out.byteOffset + o, length).set(
      new Uint8Array(source.buffer, source.byteOffset + start, length),
    );
  return o + length;
}

export class Bytes {
  data: Buffer = Buffer.allocUnsafeSlow(4096);
  view: DataView = viewOf(this.data);
  length = 0;

  /** Makes sure that `size` more bytes fit. */
  room(size: number): void {
    if (this.length + size <= this.data.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + size, this.data.length * 2));
    this.data.copy(grown, 0, 0, this.length);
    this.data = grown;
    this.view = viewOf(grown);
  }

  push(byte: number): void {
    this.room(1);
    this.data[this.length++] = byte;
  }

  append(source: Buffer, start: number, end: number): void {
    this.room(end - start);
    const { data } = this;
    let at = this.length;
    // Words and keys are short: the call into native code would cost more than the copy.
    if (end - start <= 64) for (let q = start; q < end; q++) data[at++] = source[q] as number;
    else at += source.copy(data, at, start, end);
    this.length = at;
  }

  clear(): void {
    this.length = 0;
    if (this.data.length <= keptBytes) return;
    this.data = Buffer.allocUnsafeSlow(4096);
    this.view = viewOf(this.data);
  }
}

function viewOf(data: Buffer): DataView {
  return new DataView(data.buffer, data.byteOffset, data.length);
}
