/**
 * The text of a member that mostly says what it said in the record before: a transaction's rows name one GTID, one file and
 * one table. Bytes that are the same are not made into a text again.
 */
export class LastText {
  #bytes = Buffer.alloc(0);
  #text = "";

  /** Bytes [from, to) as UTF-8. */
  of(bytes: Buffer, from: number, to: number): string {
    const last = this.#bytes;
    const size = to - from;
    let k = last.length === size ? size - 1 : size;
    // What differs does so at the end: the number of a GTID.
    if (k < size) while (k >= 0 && last[k] === bytes[from + k]) k--;
    if (k === -1) return this.#text;
    this.#bytes = Buffer.from(bytes.subarray(from, to));
    this.#text = bytes.toString("utf8", from, to);
    return this.#text;
  }
}
