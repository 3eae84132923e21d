/**
 * What knows the secrets and takes them out of every text before it leaves the process: log lines, sentences, JSON,
 * drivers' errors. Two nets: the passwords that the config named, in every spelling that a driver or a shell may give
 * them, and whatever stands between `://user:` and `@`, known or not. A password that is also a public name of this
 * migration (user `shop`, password `shop`) is taken out only where it stands as a password: scrubbing the word
 * everywhere would hide nothing and garble table names.
 */

export const mask = "***";

const anyUrlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@"']*:)([^\s"'<>]*)(?=@)/giu;
/** Names a secret and holds none; a default after `:-` may be one. */
const placeholder = /^\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}$/u;
/** Words that are JSON by themselves, or so short that they are parts of other words. */
const structural = /^(?:true|false|null|.{1,2})$/su;

export class Redactor {
  readonly #secrets = new Set<string>();
  readonly #public = new Set<string>(["headgate"]);
  #rules: readonly (readonly [pattern: RegExp, replacement: string])[] | null = null;

  /** A text that must not be printed. Empty texts are no secrets. */
  add(secret: string): void {
    if (secret === "") return;
    this.#secrets.add(secret);
    this.#rules = null;
  }

  /** A name that is printed anyway (user, database, host); a secret equal to it is scrubbed in context only. */
  allow(name: string): void {
    this.#public.add(name);
    this.#rules = null;
  }

  /** The text without any secret. Safe on a finished line of JSON: it stays JSON. */
  readonly scrub = (text: string): string => {
    this.#rules ??= this.#compile();
    let clean = text.replace(anyUrlPassword, (all: string, before: string, password: string) =>
      placeholder.test(password) ? all : before + mask,
    );
    for (const [pattern, replacement] of this.#rules) clean = clean.replace(pattern, replacement);
    return clean;
  };

  #compile(): (readonly [RegExp, string])[] {
    // Longest first, so that a secret that holds another one is not cut in half.
    const spellings = [...this.#secrets].flatMap((secret) =>
      spellingsOf(secret).map((spelling) => ({
        spelling,
        contextual: this.#public.has(secret) || structural.test(secret),
      })),
    );
    spellings.sort((a, b) => b.spelling.length - a.spelling.length);
    return spellings.map(({ spelling, contextual }) =>
      contextual ? inContext(spelling) : anywhere(spelling),
    );
  }
}

/** As it is, percent-encoded in either case, as a form field, in a JSON string, in an SQL string, in base64. */
function spellingsOf(secret: string): string[] {
  const encoded = percentEncode(secret);
  const lower = encoded.replace(/%[0-9A-F]{2}/gu, (hex) => hex.toLowerCase());
  const base64 = Buffer.from(secret, "utf8").toString("base64");
  return [
    ...new Set([
      secret,
      encoded,
      lower,
      encodeURIComponent(secret),
      encodeURI(secret),
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll("'", "''"),
      ...(secret.length >= 6 ? [base64, base64.replace(/=+$/u, "")] : []),
    ]),
  ];
}

/** Percent-encodes everything that is not unreserved in RFC 3986, so that the result may stand in a URL's user part. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (character) => "%" + character.charCodeAt(0).toString(16).toUpperCase(),
  );
}

function anywhere(spelling: string): readonly [RegExp, string] {
  const literal = escape(spelling);
  // Digits alone may be a count or a part of one; those are bare in JSON and stay what they are.
  if (/^\d+$/u.test(spelling)) return [new RegExp(`(?<![\\w.:,[-])${literal}(?![\\w.])`, "gu"), mask];
  if (spelling.length >= 8) return [new RegExp(literal, "gu"), mask];
  return [new RegExp(`(?<![A-Za-z0-9_])${literal}(?![A-Za-z0-9_])`, "gu"), mask];
}

function inContext(spelling: string): readonly [RegExp, string] {
  const context = String.raw`(?:password|passwd|pwd|secret|identified by)["']?\s*[:=]?\s*["']?`;
  return [new RegExp(`(${context})${escape(spelling)}(?![A-Za-z0-9_])`, "giu"), `$1${mask}`];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/gu, String.raw`\$&`);
}
