/**
 * A MySQL text as the server will cut it: comments out, the inside of literals out, the rest untouched. The parser that
 * comes after speaks many dialects and could end a literal or a comment elsewhere than MySQL does; after this there is
 * nothing left to differ about. What only looks like a comment and is run by MySQL (slash, star, exclamation mark) is refused, as are hints.
 * The session's sql_mode is ours: backslashes escape, double quotes are text.
 */

export type PlainText = { readonly plain: string } | { readonly problem: string };

/** Literals keep their quotes and hold 00, which is right for text, bits, bytes and JSON paths alike. */
export function plainMysql(text: string): PlainText {
  let plain = "";
  for (let at = 0; at < text.length;) {
    const letter = text[at] ?? "";
    const pair = text.slice(at, at + 2);
    if (letter === "'" || letter === '"') {
      const end = literalEnd(text, at);
      if (end === null) return { problem: "a text in quotes does not end" };
      plain += `${letter}00${letter}`;
      at = end;
    } else if (letter === "`") {
      const end = nameEnd(text, at);
      if (end === null) return { problem: "a name in backticks does not end" };
      plain += text.slice(at, end);
      at = end;
    } else if (letter === "#" || (pair === "--" && isBlank(text[at + 2]))) {
      const end = text.indexOf("\n", at);
      plain += " ";
      at = end < 0 ? text.length : end;
    } else if (pair === "/*") {
      if (/^\/\*(?:!|M!|\+)/iu.test(text.slice(at, at + 4)))
        return { problem: "a comment that the server acts on (/*! or /*+)" };
      const end = text.indexOf("*/", at + 2);
      if (end < 0) return { problem: "a comment does not end" };
      plain += " ";
      at = end + 2;
    } else {
      plain += letter;
      at += 1;
    }
  }
  return { plain };
}

function isBlank(letter: string | undefined): boolean {
  return letter === undefined || letter <= " " || letter === "\u007f";
}

/** The place after the closing quote; a doubled quote and an escaped one are inside. */
function literalEnd(text: string, start: number): number | null {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return null;
}

function nameEnd(text: string, start: number): number | null {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] !== "`") continue;
    if (text[at + 1] !== "`") return at + 1;
    at += 1;
  }
  return null;
}
