/**
 * The JSON Schema of headgate.yaml: what editors complete and check with (headgate.schema.json, checked in), what
 * names the keys that are known at a place, and what docs/config.md's table is printed from (key-table.ts). Made from the zod
 * schema, so that there is one truth about the keys.
 */
import { z } from "zod";
import type { KeyPath } from "./document.js";
import { configSchema } from "./schema.js";

/** The part of JSON Schema that zod makes of our schema. */
const nodeSchema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get items() {
    return nodeSchema.optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
  get oneOf() {
    return z.array(nodeSchema).optional();
  },
  get allOf() {
    return z.array(nodeSchema).optional();
  },
});

export type Node = z.output<typeof nodeSchema>;

/** draft 2020-12, of the file's form: defaults are optional keys. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const made = z.toJSONSchema(configSchema, { io: "input", reused: "inline", unrepresentable: "any" });
  return { ...made, title: "headgate.yaml", description: "One migration of one database, told to Headgate." };
}

/** The checked-in text of headgate.schema.json. */
export function jsonSchemaText(): string {
  return JSON.stringify(jsonSchema(), null, 2) + "\n";
}

/** The keys that the map at `path` may have; empty where every key is allowed. */
export function knownKeys(path: KeyPath): readonly string[] {
  let nodes = [root()];
  for (const part of path)
    nodes = nodes.flatMap(branches).flatMap((node) => {
      const next = typeof part === "number" ? node.items : node.properties?.[part];
      return next === undefined ? [] : [next];
    });
  return [...new Set(nodes.flatMap(branches).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Maps that have a key of this name, dotted; lists are left out. */
export function homesOf(key: string): readonly string[] {
  return rows()
    .filter((row) => row.path.at(-1) === key && row.path.length > 1)
    .map((row) => row.path.slice(0, -1).join("."));
}

export interface Row {
  readonly path: readonly string[];
  readonly node: Node;
  readonly required: boolean;
}

/** Every key that has a place of its own, in the schema's order; what stands inside lists is left out. */
export function rows(): Row[] {
  const found: Row[] = [];
  const walk = (node: Node, path: readonly string[]): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const required = node.required?.includes(key) === true;
      found.push({ path: [...path, key], node: child, required });
      walk(child, [...path, key]);
    }
  };
  walk(root(), []);
  return found;
}

function root(): Node {
  return nodeSchema.parse(jsonSchema());
}

function branches(node: Node): Node[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])].flatMap(branches)];
}
