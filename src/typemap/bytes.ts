/**
 * A growing run of bytes: doubles when full, is emptied without giving its memory back, and drops memory that one
 * huge value made it take. Reading and writing by index is up to its users; `room` must be called before.
 */
const keptBytes = 1_048_576;

export class Bytes {
  data: Buffer = Buffer.allocUnsafeSlow(4096);
  length = 0;

  /** Makes sure that `size` more bytes fit. */
  room(size: number): void {
    if (this.length + size <= this.data.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + size, this.data.length * 2));
    this.data.copy(grown, 0, 0, this.length);
    this.data = grown;
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
    if (this.data.length > keptBytes) this.data = Buffer.allocUnsafeSlow(4096);
  }
}
