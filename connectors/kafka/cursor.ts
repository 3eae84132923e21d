/** A place in a record's bytes, which a walk moves on and never past their end. */
export abstract class Cursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  set(bytes: Buffer, start: number, end: number): void {
    if (start < 0 || end > bytes.length || start > end) throw this.fault();
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** What is thrown where the bytes are not what they should be. */
  abstract fault(): Error;
}
