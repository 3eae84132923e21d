/**
 * Names from a database on their way to a person's eyes: whatever would move the cursor, turn the reading direction or
 * show as nothing is spelled out, so that no table's name can colour a screen, hide a line or forge another one. Only
 * for people: JSON carries names exactly.
 */

// Controls, and format characters: zero-width, bidirectional, byte order mark, tags; line and paragraph separators.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Line breaks stay: for texts that are meant to have them. */
export function visibleLines(text: string): string {
  return text.replaceAll(unseen, (character) => (character === "\n" ? character : spelled(character)));
}

/** One line, whatever is in it. */
export function visible(text: string): string {
  return text.replaceAll(unseen, spelled);
}

function spelled(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
