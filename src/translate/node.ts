/**
 * Reading the parser's tree. It comes as plain JSON whose declared types do not cover all of it, so nothing is
 * believed: a node is taken apart only through these functions, and whatever a caller did not name (a clause, a
 * modifier, an option that is set) puts the whole statement outside the subset instead of being lost in silence.
 */

/** Thrown by whatever is not in the declared subset; its message names the construct and completes "it uses ...". */
export class Outside extends Error {
  readonly construct: string;

  constructor(construct: string) {
    super(construct);
    this.construct = construct;
    this.name = "Outside";
  }
}

export type Node = Readonly<Record<string, unknown>>;

/** Throws Outside. An expression, so that it can stand where a value is expected. */
export function outside(construct: string): never {
  throw new Outside(construct);
}

/** Removes source positions and tokens, so that equal expressions are equal trees. */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "span" && !key.endsWith("_token"))
      .map(([key, inner]) => [key, withoutPlaces(inner)]),
  );
}

/** The node behind `value`; Outside where it is none. */
export function nodeOf(value: unknown, what: string): Node {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return outside(what);
  return Object.fromEntries(Object.entries(value));
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `{"BinaryOp": {...}}` or `"Wildcard"`: the variant's name and its body. */
export function variant(value: unknown): readonly [name: string, body: unknown] {
  if (typeof value === "string") return [value, null];
  const entries = Object.entries(nodeOf(value, "a construct that is not known"));
  const [first] = entries;
  return entries.length === 1 && first !== undefined
    ? [first[0], first[1] ?? null]
    : outside("a construct that is not known");
}

/** The body's fields; every field that is set must be among `known`. */
export function fields(body: unknown, what: string, known: readonly string[]): Node {
  const node = nodeOf(body, what);
  for (const [name, value] of Object.entries(node))
    if (!known.includes(name) && isSet(value)) outside(`${what} with ${name.replaceAll("_", " ")}`);
  return node;
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === "None") return false;
  return !(Array.isArray(value) && value.length === 0);
}

/** The text of an identifier node. */
export function identifier(value: unknown): string {
  const text = nodeOf(value, "a name that is not known")["value"];
  return typeof text === "string" ? text : outside("a name that is not known");
}

/** The parts of an object's name: `db`.`table` or a function's name. */
export function objectName(value: unknown): readonly string[] {
  return listOf(value).map((part) => {
    const [kind, body] = variant(part);
    return kind === "Identifier" ? identifier(body) : outside("a name made by a function");
  });
}

/** A literal's kind and text: `Number`, `SingleQuotedString`, `Null`, ... */
export function literalOf(value: unknown): readonly [kind: string, text: string] | null {
  const node = nodeOf(value, "a value");
  const inner = node["Value"];
  if (inner === undefined) return null;
  const [kind, body] = variant(nodeOf(inner, "a value")["value"]);
  if (kind === "Number") return [kind, String(listOf(body)[0])];
  return [
    kind,
    body === null
      ? ""
      : typeof body === "string" || typeof body === "boolean"
        ? String(body)
        : outside("a value"),
  ];
}

/** Without the parentheses that the parser keeps as nodes. */
export function unnested(value: unknown): unknown {
  const node = nodeOf(value, "an expression");
  return "Nested" in node ? unnested(node["Nested"]) : value;
}
