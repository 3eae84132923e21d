/**
 * The known key that a misspelled one is nearest to, by the number of letters to put in, take out or change
 * (Levenshtein). Written here because a package for twenty lines takes one of the places that the budget has.
 */

/** How many letters must be put in, taken out or changed to make one word the other. */
export function distance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let at = 1; at <= to.length; at++) {
      const changed = (above[at - 1] ?? 0) + (from[row - 1] === to[at - 1] ? 0 : 1);
      line.push(Math.min(changed, (above[at] ?? 0) + 1, (line[at - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[to.length] ?? 0;
}

/** The first of those that are nearest; undefined where there are none. */
export function closest(word: string, known: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly steps: number } | undefined;
  for (const one of known) {
    const steps = distance(word, one);
    if (best === undefined || steps < best.steps) best = { word: one, steps };
  }
  return best?.word;
}
