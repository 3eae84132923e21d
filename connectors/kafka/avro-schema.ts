/**
 * Avro schemas as the walks over Avro's bytes need them: named types resolved, the annotations of Connect's converter
 * kept. A schema that is not sound is refused here, so that the walks can trust what they follow.
 */
import { unreadable } from "./unreadable.js";

export type AvroScalar =
  "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string" | "enum";

export interface AvroScalarNode {
  readonly kind: AvroScalar;
  /** `connect.name`: what the value means, e.g. `io.debezium.time.Date`. */
  readonly meaning: string | null;
  readonly decimalScale: number | null;
  /** `connect.type`, e.g. `int16`. */
  readonly connectType: string | null;
}

export interface AvroFixedNode {
  readonly kind: "fixed";
  readonly size: number;
}

export interface AvroListNode {
  readonly kind: "array" | "map";
  readonly items: AvroNode;
  readonly meaning: string | null;
}

export interface AvroUnionNode {
  readonly kind: "union";
  readonly branches: readonly AvroNode[];
}

export interface AvroField {
  readonly name: string;
  readonly node: AvroNode;
  /** Its default is there and is not null. */
  readonly hasDefault: boolean;
}

export interface AvroRecordNode {
  readonly kind: "record";
  readonly name: string;
  readonly meaning: string | null;
  readonly fields: readonly AvroField[];
}

export type AvroNode = AvroScalarNode | AvroFixedNode | AvroListNode | AvroUnionNode | AvroRecordNode;

const scalars: ReadonlySet<string> = new Set([
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
  "enum",
]);

/** Deeper ones are no schema of a row. */
const deepest = 32;

/** Throws Fault event-unreadable. */
export function avroSchema(schema: unknown): AvroNode {
  return new SchemaReader().node(schema, "", 0);
}

type Facts = ReadonlyMap<string, unknown>;

class SchemaReader {
  readonly #named = new Map<string, AvroNode>();

  node(schema: unknown, space: string, depth: number): AvroNode {
    if (depth > deepest) throw refused("is nested too deeply");
    if (typeof schema === "string") return this.#byName(schema, space);
    if (Array.isArray(schema))
      return { kind: "union", branches: schema.map((branch) => this.node(branch, space, depth + 1)) };
    if (typeof schema !== "object" || schema === null) throw refused("has a part that is no type");
    const facts: Facts = new Map(Object.entries(schema));
    const type = facts.get("type");
    if (typeof type !== "string") return this.node(type, space, depth + 1);
    switch (type) {
      case "record":
        return this.#record(facts, space, depth);
      case "array":
        return {
          kind: "array",
          items: this.node(facts.get("items"), space, depth + 1),
          meaning: text(facts.get("connect.name")),
        };
      case "map":
        return { kind: "map", items: this.node(facts.get("values"), space, depth + 1), meaning: null };
      case "fixed": {
        const size = facts.get("size");
        if (typeof size !== "number" || !Number.isInteger(size) || size < 0)
          throw refused("has a fixed type without a size");
        return this.#keep(facts, space, { kind: "fixed", size });
      }
      case "enum":
        return this.#keep(facts, space, scalar("enum", facts));
      default:
        return scalars.has(type) ? scalar(type, facts) : this.#byName(type, space);
    }
  }

  #record(facts: Facts, space: string, depth: number): AvroRecordNode {
    const name = this.#fullName(facts, space);
    const fields: AvroField[] = [];
    const node: AvroRecordNode = { kind: "record", name, meaning: text(facts.get("connect.name")), fields };
    this.#named.set(name, node);
    const list = facts.get("fields");
    if (!Array.isArray(list)) throw refused("has a record without fields");
    const inside = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
    for (const entry of list as readonly unknown[]) {
      if (typeof entry !== "object" || entry === null) throw refused("has a field that is none");
      const field: Facts = new Map(Object.entries(entry));
      const fieldName = field.get("name");
      if (typeof fieldName !== "string") throw refused("has a field without a name");
      const standsFor = field.get("default");
      fields.push({
        name: fieldName,
        node: this.node(field.get("type"), inside, depth + 1),
        hasDefault: standsFor !== undefined && standsFor !== null,
      });
    }
    return node;
  }

  #keep<Node extends AvroNode>(facts: Facts, space: string, node: Node): Node {
    this.#named.set(this.#fullName(facts, space), node);
    return node;
  }

  #fullName(facts: Facts, space: string): string {
    const name = facts.get("name");
    if (typeof name !== "string") throw refused("has a named type without a name");
    if (name.includes(".")) return name;
    const own = text(facts.get("namespace")) ?? space;
    return own === "" ? name : `${own}.${name}`;
  }

  #byName(name: string, space: string): AvroNode {
    if (scalars.has(name) && name !== "enum") return scalar(name, new Map());
    const known = this.#named.get(name.includes(".") || space === "" ? name : `${space}.${name}`);
    if (known === undefined) throw refused(`names a type ${JSON.stringify(name)} that it does not have`);
    return known;
  }
}

function scalar(type: string, facts: Facts): AvroScalarNode {
  const scale = facts.get("scale");
  const isDecimal = facts.get("logicalType") === "decimal";
  return {
    kind: scalarKind(type),
    meaning: text(facts.get("connect.name")),
    decimalScale: isDecimal ? (typeof scale === "number" ? scale : 0) : null,
    connectType: text(facts.get("connect.type")),
  };
}

function scalarKind(type: string): AvroScalar {
  switch (type) {
    case "null":
    case "boolean":
    case "int":
    case "long":
    case "float":
    case "double":
    case "bytes":
    case "string":
    case "enum":
      return type;
    default:
      throw refused(`has the type ${type}`);
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function refused(what: string): Error {
  return unreadable(`The Avro schema of the record ${what}.`);
}
