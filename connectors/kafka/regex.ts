/** Java's regular expressions, in which Connect and Debezium want names and lists of them. */

/** Matches the text and nothing else. A comma would end the entry of a list. */
export function literal(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{},]/gu, (character) => `\\${character}`);
}

/** A list of Debezium's, as its entries; a comma that belongs to one is escaped. */
export function entriesOfList(list: string): readonly string[] {
  // An escaped character of any kind is part of an entry: a backslash before a comma may be one that is escaped itself.
  const entries = list.match(/(?:\\[^]|[^\\,])+/gu) ?? [];
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== "");
}

/** Whether one of the list's expressions is the whole name, letters of either case; null where one can't be read here. */
export function listMatches(list: string, name: string): boolean | null {
  let unread = false;
  for (const entry of entriesOfList(list)) {
    const expression = compiled(entry);
    if (expression === null) unread = true;
    else if (expression.test(name)) return true;
  }
  return unread ? null : false;
}

/** The name with the part that the expression matches replaced, where it matches all of it, as RegexRouter does; null where the expression can't be read here. */
export function routed(expression: string, replacement: string, name: string): string | null {
  const found = compiled(expression, "u");
  if (found === null) return null;
  // Both write groups as $1; JavaScript alone knows $& and the like, which no topic may have.
  if (!found.test(name)) return name;
  // It must match all of the name, and then the first part that matches is replaced: of a|ab the a of ab.
  const part = compiled(expression, "u", false);
  return part === null ? null : name.replace(part, replacement);
}

/** Anchored, as Java's `matches` is. What only one of the two languages knows is refused by the other as a rule. */
function compiled(expression: string, flags = "iu", whole = true): RegExp | null {
  // Java lets any other character be escaped, JavaScript refuses it. Pair by pair: what an escaped backslash stands before is not escaped.
  const readable = expression.replaceAll(/\\([^])/gu, (pair, escaped: string) =>
    /[a-zA-Z0-9\\^$.|?*+()[\]{}/-]/u.test(escaped) ? pair : escaped,
  );
  try {
    return new RegExp(whole ? `^(?:${readable})$` : readable, flags);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
