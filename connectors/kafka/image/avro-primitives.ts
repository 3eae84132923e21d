/**
 * Values of Avro: whole numbers are zigzag, texts and bytes lie as they are, a geometry is a record of its own.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import { AvroCursor } from "../avro-cursor.js";
import type { AvroNode } from "../avro-schema.js";
import { held } from "./field.js";
import type { Primitives } from "./field.js";

const cursor = new AvroCursor();

/** Of a field of that type; unions were entered before. */
export function avroPrimitives(node: AvroNode): Primitives {
  const { kind } = node;
  const only = (right: boolean, what: string): void => {
    if (!right) throw misfit(what);
  };
  return {
    integer(source, at, length) {
      only(kind === "int" || kind === "long", "whole number");
      cursor.set(source, at, at + length);
      return cursor.long();
    },
    float(source, at) {
      only(kind === "float" || kind === "double", "number");
      return kind === "float" ? source.readFloatLE(at) : source.readDoubleLE(at);
    },
    truth(source, at) {
      only(kind === "boolean", "truth value");
      return source[at] !== 0;
    },
    text(source, at, length) {
      only(kind === "string", "text");
      hold(source, at, length);
    },
    bytes(source, at, length) {
      only(kind === "bytes", "bytes");
      hold(source, at, length);
    },
    geometry(source, at, length) {
      if (node.kind !== "record") throw misfit("geometry");
      let srid = 0;
      let found = false;
      cursor.set(source, at, at + length);
      for (const field of node.fields) {
        const inner = field.node.kind === "union" ? cursor.branch(field.node.branches) : field.node;
        if (field.name === "wkb" && inner.kind === "bytes") {
          const size = cursor.length();
          hold(source, cursor.at, size);
          cursor.skip(size);
          found = true;
        } else if (field.name === "srid" && inner.kind === "int") srid = cursor.small();
        else cursor.value(inner);
      }
      only(found, "geometry");
      return srid;
    },
    floats(source, at, length, _kind, each) {
      if (node.kind !== "array") throw misfit("list of numbers");
      const { items } = node;
      const single = items.kind === "float";
      only(single || items.kind === "double", "list of numbers");
      const size = single ? 4 : 8;
      cursor.set(source, at, at + length);
      for (let count = cursor.small(); count !== 0; count = cursor.small()) {
        if (count < 0) {
          count = -count;
          cursor.small();
        }
        for (; count > 0; count--) {
          cursor.skip(size);
          each(single ? source.readFloatLE(cursor.at - 4) : source.readDoubleLE(cursor.at - 8));
        }
      }
    },
  };
}

function hold(source: Buffer, at: number, length: number): void {
  held.bytes = source;
  held.at = at;
  held.length = length;
}
