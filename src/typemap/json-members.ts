/**
 * What is open while JSON is spelled: objects and arrays, and the members that an open object has so far, as offsets
 * into the spelled text. A document of a table's column has a handful of members and there are millions of documents,
 * so they are small integers in arrays that are used again, and no object is made for one.
 */
import { refuse } from "./refusal.js";

const keyTwice = "an object with one key twice, of which jsonb keeps only the last";

/** Up to so many members the plainest sort is the fastest: no closure, no copy. */
const fewMembers = 24;

/** The stack of open objects and arrays. */
export class Containers {
  count = 0;
  private facts = new Int32Array(64);

  /** `members` is how many members all open objects had before, -1 for an array. */
  push(keys: number, members: number): void {
    if (this.count * 2 === this.facts.length) this.facts = doubled(this.facts);
    this.facts[this.count * 2] = keys;
    this.facts[this.count * 2 + 1] = members;
    this.count++;
  }

  /** Of the innermost one: length of the keys' bytes when it began. */
  get keys(): number {
    return this.facts[this.count * 2 - 2] as number;
  }

  /** Of the innermost one: its first member, -1 for an array. */
  get members(): number {
    return this.facts[this.count * 2 - 1] as number;
  }
}

/** Members of all open objects, the innermost object's last. */
export class Members {
  count = 0;
  /** Four a member: where its text begins and ends, where its key does. A key's offset is below 0 where it is one into the keys. */
  private facts = new Int32Array(256);
  private sorted = new Int32Array(64);

  push(textStart: number, keyStart: number, keyEnd: number): void {
    let { facts } = this;
    const at = this.count * 4;
    if (at === facts.length) facts = this.facts = doubled(facts);
    facts[at] = textStart;
    facts[at + 2] = keyStart;
    facts[at + 3] = keyEnd;
    this.count++;
  }

  /** The last member's text ends here. */
  end(textEnd: number): void {
    this.facts[this.count * 4 - 3] = textEnd;
  }

  textStart(member: number): number {
    return this.facts[member * 4] as number;
  }

  /** Finds jsonb's order of the members from `first` on; true when they stand in it already. */
  sort(first: number, text: Buffer, keys: Buffer): boolean {
    const { count } = this;
    let ordered = true;
    for (let k = first + 1; k < count && ordered; k++) ordered = this.compare(k - 1, k, text, keys) < 0;
    if (ordered) return true;
    const size = count - first;
    while (this.sorted.length < size) this.sorted = doubled(this.sorted);
    const { sorted } = this;
    for (let k = 0; k < size; k++) sorted[k] = first + k;
    if (size > fewMembers) sorted.subarray(0, size).sort((a, b) => this.compare(a, b, text, keys));
    else
      for (let k = 1; k < size; k++) {
        const member = sorted[k] as number;
        let free = k;
        for (; free > 0 && this.compare(sorted[free - 1] as number, member, text, keys) > 0; free--)
          sorted[free] = sorted[free - 1] as number;
        sorted[free] = member;
      }
    for (let k = 1; k < size; k++)
      if (this.compare(sorted[k - 1] as number, sorted[k] as number, text, keys) === 0) refuse(keyTwice);
    return false;
  }

  /** Of the member that `sort` put at `place` (from 0 on): where its text begins and ends. */
  sortedStart(place: number): number {
    return this.facts[(this.sorted[place] as number) * 4] as number;
  }

  sortedEnd(place: number): number {
    return this.facts[(this.sorted[place] as number) * 4 + 1] as number;
  }

  /** jsonb's order of keys: by length, then by bytes. */
  private compare(a: number, b: number, text: Buffer, keys: Buffer): number {
    const { facts } = this;
    const [aStart, aEnd] = [facts[a * 4 + 2] as number, facts[a * 4 + 3] as number];
    const [bStart, bEnd] = [facts[b * 4 + 2] as number, facts[b * 4 + 3] as number];
    const length = aStart < 0 ? aStart - aEnd : aEnd - aStart;
    const byLength = length - (bStart < 0 ? bStart - bEnd : bEnd - bStart);
    if (byLength !== 0) return byLength;
    const aData = aStart < 0 ? keys : text;
    const bData = bStart < 0 ? keys : text;
    const aFrom = aStart < 0 ? ~aStart : aStart;
    const bFrom = bStart < 0 ? ~bStart : bStart;
    for (let k = 0; k < length; k++) {
      const byBytes = (aData[aFrom + k] as number) - (bData[bFrom + k] as number);
      if (byBytes !== 0) return byBytes;
    }
    return 0;
  }
}

function doubled(facts: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(facts.length * 2);
  grown.set(facts);
  return grown;
}
