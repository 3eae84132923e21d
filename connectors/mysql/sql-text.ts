/**
 * SQL text as MySQL's and MariaDB's catalogues spell it: quoted literals with their escapes, and expressions. MySQL 8
 * and later store an expression with its quotes and backslashes escaped once more, and hand its UTF-8 bytes out as
 * if each were a latin1 character (seen on 9.7); both are undone here, so that an expression reads as it does in
 * SHOW CREATE TABLE, with characters intact that even SHOW CREATE TABLE turns into question marks.
 */

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  n: "\n",
  r: "\r",
  t: "\t",
  Z: "\u001a",
};

/** Reads the literal that opens with a single quote at `start`: its text, and the place after its closing quote. null when it never closes. */
export function readQuoted(
  text: string,
  start: number,
): { readonly text: string; readonly end: number } | null {
  let out = "";
  let at = start + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "\\") {
      const next = text.charAt(at + 1);
      if (next === "") return null;
      // A backslash before any other character stands for that character: \\ \' \" and also \x.
      out += escapes[next] ?? next;
      at += 2;
    } else if (char === "'") {
      if (text.charAt(at + 1) !== "'") return { text: out, end: at + 1 };
      out += "'";
      at += 2;
    } else {
      out += char;
      at += 1;
    }
  }
  return null;
}

/** The text of a literal that is the whole of `sql`, introducer allowed (`_utf8mb4'abc'`); null when `sql` is anything else. */
export function wholeLiteral(sql: string): string | null {
  const open = /^(?:_utf8mb4|_utf8mb3|_utf8|N|n)?'/u.exec(sql);
  if (open === null) return null;
  const literal = readQuoted(sql, open[0].length - 1);
  return literal !== null && literal.end === sql.length ? literal.text : null;
}

/** `b'101'` as bytes, left-padded to whole bytes of `bits`; null when `sql` is no bit literal. Lower-case hex. */
export function bitLiteral(sql: string, bits: number): string | null {
  const digits = /^b'([01]*)'$/iu.exec(sql)?.[1];
  if (digits === undefined) return null;
  const value = digits === "" ? 0n : BigInt("0b" + digits);
  return value.toString(16).padStart(Math.ceil(bits / 8) * 2, "0");
}

/** `0x6162` or `x'6162'` as lower-case hex; null when `sql` is no hex literal. */
export function hexLiteral(sql: string): string | null {
  const match = /^(?:0x([0-9a-f]*)|x'([0-9a-f]*)')$/iu.exec(sql);
  const hex = match?.[1] ?? match?.[2];
  return hex === undefined || hex.length % 2 === 1 ? null : hex.toLowerCase();
}

/** An expression of MySQL's catalogue as SHOW CREATE TABLE spells it. MariaDB's needs nothing. */
export function mysqlExpression(stored: string): string {
  return bytesAsText(stored.replaceAll(/\\(.)/gsu, "$1"));
}

/** Text whose every character is one byte of UTF-8; text that is no such thing is left alone. */
function bytesAsText(text: string): string {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0xff) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "latin1"));
  } catch (error) {
    if (error instanceof TypeError) return text;
    throw error;
  }
}
