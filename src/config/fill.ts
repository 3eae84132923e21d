/**
 * ${NAME}, ${NAME:-default} and ${file:PATH} in one text. Filled in after YAML was parsed, so that a value can never
 * become structure; inside a URL's user part the value is percent-encoded, so that a password may hold any character.
 * Beside the text it tells which secrets went in, and whether a password stands in the file itself.
 */
import type { Env } from "./environment.js";
import { percentEncode } from "./redact.js";

/** A value that cannot be filled in. `index` counts the `${` of the text; the sentence holds no value. */
export class FillProblem extends Error {
  readonly index: number;
  readonly code: "config-invalid" | "secrets-readable";
  constructor(
    index: number,
    sentence: string,
    code: "config-invalid" | "secrets-readable" = "config-invalid",
  ) {
    super(sentence);
    this.name = "FillProblem";
    this.index = index;
    this.code = code;
  }
}

export interface FillSources {
  readonly env: Env;
  /** The secret in a file, its last line break taken off; throws FillProblem with index 0. */
  readonly readSecret: (path: string) => string;
}

export interface Filled {
  readonly text: string;
  /** Whether anything was filled in: then the value is shown as the template, never as itself. */
  readonly changed: boolean;
  readonly secrets: readonly string[];
  /** A URL's password, or a part of it, is written in the file. */
  readonly literalPassword: boolean;
}

type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "env"; readonly name: string; readonly otherwise: string | null }
  | { readonly kind: "file"; readonly path: string };

/** Throws FillProblem for a name that is not set, a file that cannot be read, a broken `${`. */
export function fill(template: string, sources: FillSources): Filled {
  const segments = split(template);
  const user = userPart(segments);
  const secrets: string[] = [];
  let text = "";
  let opening = -1;
  let literalPassword = false;
  for (const [at, segment] of segments.entries()) {
    const role = user[at] ?? "outside";
    if (segment.kind === "text") {
      text += segment.text;
      continue;
    }
    opening += 1;
    const value = valueOf(segment, sources, opening);
    // A default is written in the file, however it is spelled.
    const fromFile = segment.kind === "env" && value.usedDefault;
    if (role === "password" && fromFile && value.text !== "") literalPassword = true;
    const hidden = role === "password" || (role === "outside" && atFollows(segments, at));
    if (segment.kind === "file" || hidden) secrets.push(value.text);
    text += role === "outside" ? value.text : percentEncode(value.text);
  }
  const password = passwordIn(text);
  if (password !== null) {
    secrets.push(password);
    literalPassword ||= writtenPassword(segments, user);
  }
  return { text, changed: opening >= 0, secrets: secrets.filter((s) => s !== ""), literalPassword };
}

/**
 * Whatever may be the password of a URL, as it stands there, null when there is none or it is no URL. Wide on
 * purpose: a URL that is mistyped around its password must not show it.
 */
export function passwordIn(url: string): string | null {
  const rest = /^[a-z][a-z0-9+.-]*:\/\/[^:@]*:(.+)$/isu.exec(url)?.[1];
  if (rest === undefined) return null;
  const at = rest.lastIndexOf("@");
  if (at >= 0) return rest.slice(0, at);
  return /^\d{1,5}(?:[/?#]|$)/u.test(rest) ? null : rest;
}

function split(template: string): Segment[] {
  const segments: Segment[] = [];
  let rest = template;
  for (let index = 0; ; index += 1) {
    const at = rest.indexOf("${");
    if (at < 0) break;
    const match =
      /^\$\{(?:file:(?<path>[^}]+)|(?<name>[A-Za-z_][A-Za-z0-9_]*)(?<has>:-(?<otherwise>[^}]*))?)\}/u.exec(
        rest.slice(at),
      );
    const groups = match?.groups;
    if (match === null || groups === undefined)
      throw new FillProblem(index, "This is none of ${NAME}, ${NAME:-default} and ${file:PATH}.");
    if (at > 0) segments.push({ kind: "text", text: rest.slice(0, at) });
    const { path, name, otherwise } = groups;
    if (path !== undefined) segments.push({ kind: "file", path });
    else
      segments.push({
        kind: "env",
        name: name ?? "",
        otherwise: groups["has"] === undefined ? null : (otherwise ?? ""),
      });
    rest = rest.slice(at + match[0].length);
  }
  if (rest !== "" || segments.length === 0) segments.push({ kind: "text", text: rest });
  return segments;
}

function valueOf(
  segment: Exclude<Segment, { kind: "text" }>,
  sources: FillSources,
  index: number,
): { text: string; usedDefault: boolean } {
  if (segment.kind === "file") {
    try {
      return { text: sources.readSecret(segment.path), usedDefault: false };
    } catch (error) {
      throw error instanceof FillProblem ? new FillProblem(index, error.message, error.code) : error;
    }
  }
  const set = sources.env[segment.name];
  if (segment.otherwise !== null && (set === undefined || set === ""))
    return { text: segment.otherwise, usedDefault: true };
  if (set === undefined)
    throw new FillProblem(
      index,
      `\${${segment.name}} is not set in the environment. Allowed: a name that is set, or \${${segment.name}:-default}.`,
    );
  return { text: set, usedDefault: false };
}

/** Whether an @ is still to come in a URL: then the value stands where a password does, whatever went wrong before it. */
function atFollows(segments: readonly Segment[], at: number): boolean {
  return (
    regions(segments) !== null && segments.slice(at).some((s) => s.kind === "text" && s.text.includes("@"))
  );
}

type Role = "user" | "password" | "outside";

/** For each segment that is filled in, the part of the URL that it stands in. Empty when the text is no URL. */
function userPart(segments: readonly Segment[]): Role[] {
  const spans = regions(segments);
  if (spans === null) return [];
  return segments.map((_, at): Role => {
    const here = spans.starts[at] ?? 0;
    if (here < spans.from || here >= spans.to) return "outside";
    return spans.colon >= 0 && here > spans.colon ? "password" : "user";
  });
}

function writtenPassword(segments: readonly Segment[], roles: readonly Role[]): boolean {
  const spans = regions(segments);
  // The whole URL came from elsewhere: then so did its password.
  if (spans === null) return segments.every((segment) => segment.kind === "text");
  if (spans.colon < 0) return false;
  const password = spans.plain.slice(spans.colon + 1, spans.to);
  return roles.length > 0 && password.replaceAll(hole, "") !== "";
}

/** Stands for a value in the text that is looked at for structure: what is filled in can't bring @, : or /. */
const hole = "\u0000";

function regions(segments: readonly Segment[]): {
  plain: string;
  starts: number[];
  from: number;
  colon: number;
  to: number;
} | null {
  const starts: number[] = [];
  let plain = "";
  for (const segment of segments) {
    starts.push(plain.length);
    plain += segment.kind === "text" ? segment.text : hole;
  }
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//iu.exec(plain);
  if (scheme === null) return null;
  const from = scheme[0].length;
  const end = plain.slice(from).search(/[/?#]/u);
  const to = plain.lastIndexOf("@", end < 0 ? plain.length : from + end);
  if (to < from) return { plain, starts, from, colon: -1, to: from };
  const colon = plain.indexOf(":", from);
  return { plain, starts, from, colon: colon < to ? colon : -1, to };
}
