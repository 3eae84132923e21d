/**
 * What the statement guard finds in a text: the kind, and the very thing, such as `DROP TABLE` or `pg_read_file()`.
 * A text of the user is refused for any of them unless the operator confirms that text in the config's overrides.
 */

export type DangerKind =
  | "drops"
  | "truncates"
  | "deletes all"
  | "updates all"
  | "writes"
  | "defines"
  | "rights"
  | "files"
  | "code"
  | "dynamic"
  | "function"
  | "session"
  | "several"
  | "shape"
  | "unreadable";

export interface Danger {
  readonly kind: DangerKind;
  /** What was found, as a person would write it. */
  readonly what: string;
}

const sentences: Readonly<Record<DangerKind, (what: string) => string>> = {
  drops: (what) => `it drops something (${what})`,
  truncates: (what) => `it empties tables (${what})`,
  "deletes all": (what) => `it deletes rows without a condition on them (${what})`,
  "updates all": (what) => `it updates rows without a condition on them (${what})`,
  writes: (what) => `it writes rows (${what})`,
  defines: (what) => `it creates or alters something (${what})`,
  rights: (what) => `it changes rights or roles (${what})`,
  files: (what) => `it reaches files or programs of the server (${what})`,
  code: (what) => `it runs or holds code of its own (${what})`,
  dynamic: (what) => `it runs SQL that is only put together while it runs (${what})`,
  function: (what) => `it calls ${what}, which is not known to be free of side effects`,
  session: (what) => `it changes the session, a transaction or locks (${what})`,
  several: (what) => `it is ${what} statements, not one`,
  shape: (what) => `it is not ${what}`,
  unreadable: (what) => `it cannot be read: ${what}`,
};

/** One sentence part a danger: "it drops something (DROP TABLE)". */
export function dangerSentence({ kind, what }: Danger): string {
  return sentences[kind](what);
}

/** Each danger once, in the order in which it was found. */
export function distinctDangers(found: readonly Danger[]): Danger[] {
  return [...new Map(found.map((danger) => [`${danger.kind} ${danger.what}`, danger])).values()];
}

export type Tree = Readonly<Record<string, unknown>>;

/** The text under a key; empty where there is none, as the parser leaves empty texts out. */
export function textAt(tree: Tree, key: string): string {
  const value = tree[key];
  return typeof value === "string" ? value : "";
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every map in a parsed text with the key that it stands under, in the text's order. A stack of its own: SQL nests deeper than calls may. */
export function* trees(root: unknown): Generator<readonly [key: string, tree: Tree]> {
  const open: (readonly [string, unknown])[] = [["", root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [key, value] = next;
    if (Array.isArray(value)) {
      for (const item of [...(value as readonly unknown[])].reverse()) open.push([key, item]);
    } else if (isTree(value)) {
      yield [key, value];
      for (const entry of Object.entries(value).reverse()) open.push(entry);
    }
  }
}
