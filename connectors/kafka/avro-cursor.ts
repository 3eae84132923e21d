/**
 * Walks over Avro's binary form by its schema. Every length is held to the bytes that there are, and depth to what a
 * schema of a row needs, so that damaged bytes end in a Fault and never in a loop.
 */
import type { AvroNode } from "./avro-schema.js";
import { Cursor } from "./cursor.js";
import { unreadable } from "./unreadable.js";

const deepest = 64;

export class AvroCursor extends Cursor {
  override fault(): Error {
    return unreadable("The record's value is no Avro of the schema that it names.");
  }

  /** A whole number that is small: a length, a branch, a count. */
  small(): number {
    const value = this.long();
    if (typeof value === "bigint") throw this.fault();
    return value;
  }

  /** A zigzag number of up to 64 bits; a bigint past 2^53. */
  long(): number | bigint {
    const { bytes, end } = this;
    let at = this.at;
    let low = 0;
    let scale = 1;
    for (let k = 0; k < 7; k++) {
      if (at >= end) throw this.fault();
      const byte = bytes[at++] as number;
      low += (byte & 127) * scale;
      if (byte < 128) {
        this.at = at;
        return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      }
      scale *= 128;
    }
    let value = BigInt(low);
    for (let shift = 49n; ; shift += 7n) {
      if (at >= end || shift > 63n) throw this.fault();
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    if (value > 0xffffffffffffffffn) throw this.fault();
    this.at = at;
    const number = (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n;
    return number >= -9007199254740991n && number <= 9007199254740991n ? Number(number) : number;
  }

  /** The branch of a union. */
  branch<Node>(branches: readonly Node[]): Node {
    const branch = branches[this.small()];
    if (branch === undefined) throw this.fault();
    return branch;
  }

  /** The length of a text or of bytes, which are passed by the caller. */
  length(): number {
    const size = this.small();
    if (size < 0 || size > this.end - this.at) throw this.fault();
    return size;
  }

  text(): string {
    const size = this.length();
    this.at += size;
    return this.bytes.toString("utf8", this.at - size, this.at);
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw this.fault();
    this.at += count;
  }

  /** Passes a value. */
  value(node: AvroNode, depth = 0): void {
    if (depth > deepest) throw this.fault();
    switch (node.kind) {
      case "null":
        return;
      case "boolean":
        this.skip(1);
        return;
      case "int":
      case "long":
      case "enum":
        this.long();
        return;
      case "float":
        this.skip(4);
        return;
      case "double":
        this.skip(8);
        return;
      case "bytes":
      case "string":
        this.skip(this.length());
        return;
      case "fixed":
        this.skip(node.size);
        return;
      case "union":
        this.value(this.branch(node.branches), depth + 1);
        return;
      case "record":
        for (const field of node.fields) this.value(field.node, depth + 1);
        return;
      case "array":
      case "map":
        this.#list(node.kind === "map", node.items, depth);
    }
  }

  /** The value as an object, a bigint past 2^53, bytes copied: for what is small and rare. */
  decode(node: AvroNode, depth = 0): unknown {
    if (depth > deepest) throw this.fault();
    switch (node.kind) {
      case "null":
        return null;
      case "boolean":
        this.skip(1);
        return this.bytes[this.at - 1] !== 0;
      case "int":
      case "long":
        return this.long();
      case "string":
        return this.text();
      case "union":
        return this.decode(this.branch(node.branches), depth + 1);
      case "record":
        return Object.fromEntries(
          node.fields.map((field): [string, unknown] => [field.name, this.decode(field.node, depth + 1)]),
        );
      case "array":
        return this.#items(node.items, depth);
      default: {
        // Nothing that the small records are asked for.
        this.value(node, depth);
        return undefined;
      }
    }
  }

  #items(items: AvroNode, depth: number): unknown[] {
    const found: unknown[] = [];
    for (;;) {
      let count = this.small();
      if (count === 0) return found;
      if (count < 0) {
        count = -count;
        this.small();
      }
      if (count > this.end - this.at) throw this.fault();
      for (; count > 0; count--) found.push(this.decode(items, depth + 1));
    }
  }

  #list(named: boolean, items: AvroNode, depth: number): void {
    for (;;) {
      let count = this.small();
      if (count === 0) return;
      if (count < 0) {
        // A block that tells its bytes.
        this.skip(this.length());
        continue;
      }
      // An item of no bytes would let a count run on for ever.
      if (count > this.end - this.at) throw this.fault();
      for (; count > 0; count--) {
        if (named) this.skip(this.length());
        this.value(items, depth + 1);
      }
    }
  }
}
