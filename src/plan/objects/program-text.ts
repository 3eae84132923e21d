/**
 * SQL text with everything blanked out that is no SQL: comments and quoted literals, at the same length and with the
 * same line breaks, so that places stay places. What is left can be searched for words without being fooled by a
 * message or a remark. It is no parser and claims to know nothing more than that.
 */

/** The text with comments and literals as blanks. Names in backticks stay, and so does what MySQL runs of a comment (`/*! ... *` + `/`). */
export function bareText(sql: string): string {
  let out = "";
  let at = 0;
  while (at < sql.length) {
    const end = tokenEnd(sql, at);
    const token = sql.slice(at, end);
    if (/^\/\*M?!/u.test(token)) {
      // Its head and tail are blanks; the inside is SQL and may hold literals itself.
      const head = /^\/\*M?!\d*/u.exec(token)?.[0] ?? "";
      const body = token.slice(head.length).replace(/\*\/$/u, "");
      out += `${" ".repeat(head.length)}${bareText(body)}${" ".repeat(token.length - head.length - body.length)}`;
    } else if (/^(?:'|"|#|--|\/\*)/u.test(token) && token.length > 1) out += blank(token);
    else out += token;
    at = end;
  }
  return out;
}

/** Lines that are not empty. */
export function lineCount(sql: string): number {
  return sql.split(/\r\n|\r|\n/u).filter((line) => line.trim() !== "").length;
}

function blank(token: string): string {
  const inside = token.replaceAll(/[^\r\n]/gu, " ");
  // Quotes stay: a word search must not join what stands on both sides of a literal.
  return /^['"]/u.test(token) ? `'${inside.slice(1, -1)}'` : inside;
}

function tokenEnd(sql: string, at: number): number {
  const char = sql.charAt(at);
  if (char === "'" || char === '"' || char === "`") {
    for (let end = at + 1; end < sql.length; end += 1) {
      if (sql.charAt(end) === "\\" && char !== "`") end += 1;
      else if (sql.charAt(end) === char) {
        if (sql.charAt(end + 1) !== char) return end + 1;
        end += 1;
      }
    }
    return sql.length;
  }
  if (char === "#" || /^--(?:[\s\p{Cc}]|$)/u.test(sql.slice(at, at + 3))) {
    const end = sql.indexOf("\n", at);
    return end < 0 ? sql.length : end;
  }
  if (sql.startsWith("/*", at)) {
    const end = sql.indexOf("*/", at + 2);
    return end < 0 ? sql.length : end + 2;
  }
  return at + 1;
}
