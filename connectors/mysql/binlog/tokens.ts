/**
 * Splits a statement of MySQL or MariaDB into words, names, marks and literals; comments fall away, but what stands
 * in the comments that servers execute is text like any other. Double quotes may hold a literal or, in ANSI mode, a
 * name: the token says that it was quoted so, and whoever looks for names takes it for one.
 */

export interface Token {
  /** `word`: unquoted, perhaps a keyword; `name`: quoted; `mark`: one character; `literal`: in single quotes. */
  readonly kind: "word" | "name" | "mark" | "literal";
  readonly text: string;
}

const wordPattern = /[\p{L}\p{M}\p{N}_$\u0080-\u{10ffff}]+/uy;

/** `plainBackslash`: a backslash in a literal is a character like any other (NO_BACKSLASH_ESCAPES). */
export function* tokens(text: string, plainBackslash: boolean): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    const two = text.slice(at, at + 2);
    if (/\s/u.test(char)) at++;
    else if (char === "#" || (two === "--" && /^(?:\s|$)/u.test(text.slice(at + 2, at + 3)))) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end + 1;
    } else if (two === "/*") {
      const executed = /^\/\*M?!\d*/u.exec(text.slice(at, at + 12));
      const end = text.indexOf("*/", at + 2);
      at = executed !== null ? at + executed[0].length : end < 0 ? text.length : end + 2;
    } else if (two === "*/") at += 2;
    else if (char === "'" || char === '"' || char === "`") {
      const escapes = char !== "`" && !plainBackslash;
      const quoted = readQuoted(text, at, escapes);
      yield { kind: char === "'" ? "literal" : "name", text: quoted.text };
      at = quoted.end;
    } else {
      wordPattern.lastIndex = at;
      const word = wordPattern.exec(text)?.[0];
      yield word === undefined ? { kind: "mark", text: char } : { kind: "word", text: word };
      at += word?.length ?? 1;
    }
  }
}

/** Text between quotes, doubled ones told as one. What follows a backslash is kept as it stands: names have none. */
function readQuoted(
  text: string,
  start: number,
  escapes: boolean,
): { readonly text: string; readonly end: number } {
  const quote = text.charAt(start);
  let out = "";
  let at = start + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "\\" && escapes) {
      out += text.slice(at, at + 2);
      at += 2;
    } else if (char !== quote) {
      out += char;
      at++;
    } else if (text.charAt(at + 1) === quote) {
      out += quote;
      at += 2;
    } else return { text: out, end: at + 1 };
  }
  return { text: out, end: text.length };
}
