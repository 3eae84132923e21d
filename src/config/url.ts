/**
 * Connection URLs: the contract's form, taken apart. A URL is first held against one regular expression and a list
 * of characters that a shell would act on, then parsed by hand: WHATWG's URL lets half of the mistakes through for
 * schemes that it does not know, and repeats the password in its errors. No sentence made here holds any part of
 * the user part, because what was found may be a secret.
 */
import { isIP } from "node:net";
import { mask } from "./redact.js";

/** Where a database is and who logs in. Texts are percent-decoded. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty when the URL names none. */
  readonly password: string;
  readonly database: string;
}

/** TLS as the connectors take it; `ca` is PEM text, absent for the system's own roots. */
export type Tls = { readonly mode: "off" } | { readonly mode: "verify-full"; readonly ca?: string };

export type UrlSide = "source" | "target";

/** What is wrong with a URL. `allowed` completes "Allowed: ...". */
export interface UrlProblem {
  readonly kind: "invalid" | "not-built-yet";
  readonly found: string;
  readonly allowed: string;
}

export type UrlResult = { readonly server: Server } | { readonly problem: UrlProblem };

const form = /^(postgresql|mysql|mongodb(\+srv)?|sqlserver):\/\/[^\s;]+$/u;
const shellCharacters: readonly string[] = ["$", "`", "|", "&&"];
const parts =
  /^(?<scheme>[a-z+]+):\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<host>\[[0-9a-fA-F:.]+\]|[^:/?#@[\]]+)(?::(?<port>[^/?#@[\]]*))?(?:\/(?<path>[^?#]*))?(?<rest>[?#].*)?$/u;

const sides = {
  source: { scheme: "mysql", example: "mysql://user:${PASSWORD}@host:3306/database", port: 3306 },
  target: { scheme: "postgresql", example: "postgresql://user:${PASSWORD}@host:5432/database", port: 5432 },
} as const;

const nearSchemes: Readonly<Record<string, string>> = {
  postgres: "postgres://, which is spelled postgresql:// here",
  psql: "psql://, which is spelled postgresql:// here",
  mariadb: "mariadb://, which is spelled mysql:// here (the server says what it is)",
  mysqlx: "mysqlx://, which is another protocol; use mysql:// and its port",
  mongo: "mongo://, which is spelled mongodb://",
  mssql: "mssql://, which is spelled sqlserver://",
};

/** Checks and parses one filled-in URL. Never throws, never repeats the user part. */
export function parseUrl(text: string, side: UrlSide): UrlResult {
  const expected = sides[side];
  const allowed = `a URL such as ${expected.example}`;
  const bad = (found: string, what = allowed): UrlResult => ({
    problem: { kind: "invalid", found, allowed: what },
  });

  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/u.exec(text)?.[1];
  const near = nearSchemes[scheme?.toLowerCase() ?? ""];
  if (near !== undefined) return bad(near);
  if (scheme?.toLowerCase() === "jdbc") return bad("a jdbc: URL");
  if (/\s/u.test(text)) return bad("a URL with white space in it", "no white space; write it as %20");
  if (text.includes(";")) return bad('a URL with ";" in it', "no semicolon; write it as %3B");
  const shell = shellCharacters.find((character) => text.includes(character));
  if (shell !== undefined)
    return bad(
      `a URL with ${JSON.stringify(shell)} in it`,
      `none of $ \` | && in a URL; write ${JSON.stringify(shell)} as ${percent(shell)}`,
    );
  if (!form.test(text)) return bad(scheme === undefined ? "no URL" : `a URL that begins with ${scheme}:`);
  if (scheme !== expected.scheme) {
    if (side === "source" && scheme !== "postgresql")
      return {
        problem: {
          kind: "not-built-yet",
          found: `a ${String(scheme)}:// source is not built yet`,
          allowed: "mysql:// (MariaDB too)",
        },
      };
    return bad(`a ${String(scheme)}:// URL as the ${side}`);
  }
  return takeApart(text, expected.port, bad);
}

function takeApart(
  text: string,
  defaultPort: number,
  bad: (found: string, allowed?: string) => UrlResult,
): UrlResult {
  const groups = parts.exec(text)?.groups;
  if (groups === undefined)
    return bad(
      "a URL that cannot be taken apart",
      "user, password and database with @ : / ? # written as %40 %3A %2F %3F %23",
    );
  const host = (groups["host"] ?? "").replace(/^\[(.*)\]$/u, "$1");
  const port = groups["port"];
  const path = groups["path"] ?? "";
  if (groups["rest"] !== undefined)
    return bad("a URL with parameters", "no parameters in the URL; TLS has its own key, tls");
  if (host.includes(",")) return bad("a URL with several hosts", "one host");
  if (groups["host"]?.startsWith("[") === true && isIP(host) !== 6)
    return bad("a URL whose host is no IPv6 address", "an address such as [::1]");
  if (port !== undefined && !(/^[1-9]\d{0,4}$/u.test(port) && Number(port) <= 65_535))
    return bad("a URL with an impossible port", "a port from 1 to 65535");
  if (path === "") return bad("a URL that names no database", "one database, as in //host:port/database");
  if (path.includes("/")) return bad("a URL that names more than one database", "exactly one database");
  const decoded = [groups["user"] ?? "", groups["password"] ?? "", path, host].map(decode);
  const [user, password, database, name] = decoded;
  if (user === undefined || password === undefined || database === undefined || name === undefined)
    return bad("a URL with a broken percent-encoding", "%XX with two hex digits, UTF-8, no NUL");
  const owner = ownerOf(database);
  if (owner !== null)
    return bad(
      `a URL of the database ${database}, which belongs to ${owner}`,
      "the application's own database",
    );
  if (user === "") return bad("a URL that names no user", "a user, as in //user@host:port/database");
  return {
    server: {
      host: name,
      port: port === undefined ? defaultPort : Number(port),
      user,
      password,
      database,
    },
  };
}

/** Whose a database is that no application has: Headgate writes its markers to one, and servers keep themselves in the others. */
function ownerOf(database: string): string | null {
  const name = database.toLowerCase();
  if (name === "headgate") return "Headgate itself";
  if (["mysql", "information_schema", "performance_schema", "sys", "template0", "template1"].includes(name))
    return "the server";
  return null;
}

function decode(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain.includes("\0") ? undefined : plain;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function percent(text: string): string {
  return text.replace(/./gsu, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
}

/** The URL with `***` for its password, and for everything that might be one when it cannot be told apart. */
export function redacted(url: string): string {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/)(.*)$/su.exec(url);
  if (match === null) return mask;
  const [, scheme = "", rest = ""] = match;
  const at = rest.lastIndexOf("@");
  const user = at < 0 ? "" : rest.slice(0, at);
  const place = (at < 0 ? rest : rest.slice(at + 1)).replace(/[?#].*$/su, "");
  // Without @ the password's colon may be there all the same: `mysql://user:pass` with the host forgotten.
  if (!/^(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?(?:\/[\w%.-]*)?$/u.test(place)) return scheme + mask;
  if (at < 0) return scheme + place;
  const name = /^[^:/?#]*/u.exec(user)?.[0] ?? "";
  return scheme + (user === name ? name : `${name}:${mask}`) + "@" + place;
}

/** localhost, 127.0.0.0/8 and ::1: what never leaves the machine. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/\.$/u, "");
  if (plain === "localhost") return true;
  if (isIP(plain) === 4) return plain.startsWith("127.");
  return isIP(plain) === 6 && /^(?:0{0,4}:)*0{0,3}1$/u.test(plain);
}
