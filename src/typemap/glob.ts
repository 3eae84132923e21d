/**
 * The globs of headgate.yaml and of the rules: `*` is any run of characters, `?` is one, everything else is itself.
 * Names are compared letter by letter, as a case-sensitive server does; nothing here folds case, because two tables
 * that differ in case only may both exist.
 */

const compiled = new Map<string, RegExp>();

/** Whether the whole text is what the glob means. */
export function globMatches(glob: string, text: string): boolean {
  let expression = compiled.get(glob);
  if (expression === undefined) {
    const source = glob
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    expression = new RegExp(`^${source}$`, "su");
    compiled.set(glob, expression);
  }
  return expression.test(text);
}

/** Whether any of the globs matches. */
export function anyGlobMatches(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => globMatches(glob, text));
}

/** The lines of headgate.yaml that leave a table out; none for a name that would mean others too. */
export function excludedLines(table: string): readonly string[] {
  return /[*?]/u.test(table) ? [] : ["tables:", `  exclude: [${JSON.stringify(table)}]`];
}
