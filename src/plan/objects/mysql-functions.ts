/**
 * The functions, operators and clauses of MySQL and MariaDB that PostgreSQL lacks or means otherwise, read from
 * typemaps/mysql-functions.yaml beside the package, and where they stand in a text. Names are looked for in the bare
 * text, so a word in a message is none. A name that is both a function and something else (CHAR, INSERT, IF) counts
 * only where it can't be the other. A call of a name that neither that file nor shared-functions.ts has is by hand too:
 * a newer server's function, or one that somebody loaded into it.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { parse } from "yaml";
import { Fault } from "../../errors.js";
import { packageFile } from "../../typemap/rules.js";
import { byTexts } from "../order.js";
import { isNoFunction, isShared } from "./shared-functions.js";

const entrySchema = z
  .strictObject({
    name: z.string(),
    word: z.literal(true).optional(),
    find: z.string().optional(),
    mysql: z.string().optional(),
    postgres: z.string().optional(),
    manual: z.string().optional(),
    note: z.string().optional(),
    /** The only engine that has it. */
    only: z.enum(["mysql", "mariadb"]).optional(),
    /** Expressions of both sides that give the same text. */
    tried: z.array(z.tuple([z.string(), z.string()])).optional(),
  })
  .refine(
    (entry) =>
      entry.manual === undefined
        ? entry.mysql !== undefined && entry.postgres !== undefined && (entry.tried?.length ?? 0) > 0
        : entry.mysql === undefined && entry.postgres === undefined,
    { error: "either manual, or mysql, postgres and at least one pair that was tried" },
  );

export type MysqlFunction = z.output<typeof entrySchema>;

export interface FunctionUse {
  readonly name: string;
  readonly count: number;
  /** `IFNULL(a, b) -> coalesce(a, b)`, or what a person must do. */
  readonly rewrite: string;
  readonly manual: boolean;
}

const fileName = "mysql-functions.yaml";
let loaded: readonly MysqlFunction[] | undefined;

/** The table, in the file's order; read once a process. */
export function mysqlFunctions(): readonly MysqlFunction[] {
  loaded ??= parseTable(readFileSync(packageFile(fileName), "utf8"));
  return loaded;
}

function parseTable(text: string): readonly MysqlFunction[] {
  const result = z.array(entrySchema).safeParse(parse(text));
  if (!result.success) throw new Fault("bug", `${fileName} does not parse: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** What follows these words with a parenthesis is a list of columns, a type or a table, and no call. */
const notCalls = /\b(?:INTO|TABLE|REFERENCES|UPDATE|JOIN|RETURNS|CALL|WITH|AS|PROCEDURE|FUNCTION)\s*$/iu;
/** Names that are types or statements too: they are calls only after an operator, a parenthesis or such a word. */
const ambiguous = new Set(["CHAR", "TIME", "TIMESTAMP", "YEAR", "INSERT", "TRUNCATE", "DEFAULT", "INTERVAL"]);
const beforeCall =
  /(?:[-+*/%=<>(,|&!^~]|\b(?:SELECT|DISTINCT|ALL|WHERE|AND|OR|XOR|NOT|ON|BY|HAVING|WHEN|THEN|ELSE|ELSEIF|IF|WHILE|UNTIL|RETURN|IN|LIKE|REGEXP|RLIKE|BETWEEN|SET|DIV|MOD|CASE|IS|INTERVAL|FROM|DEFAULT|DO))\s*$/iu;
/** `CREATE INDEX i ON t (a)`: the table's columns. */
const indexOn = /\bINDEX\s+(?:`[^`]+`|[\w$]+)(?:\s+USING\s+\w+)?\s+ON\s*$/iu;
const spatial = /^(?:ST_|MBR)[A-Z0-9_]+$|^(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION|GEOMFROMTEXT)$/u;

/** What a bare text uses of the table, by name. `routines` are the database's own functions, which hide built-in ones. */
export function functionsIn(bare: string, routines: ReadonlySet<string> = new Set()): readonly FunctionUse[] {
  const counts = new Map<string, number>();
  const note = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const table = new Map(mysqlFunctions().map((entry) => [entry.name, entry]));
  for (const match of bare.matchAll(/(?<![\w$.`@])([a-z_]\w*)\s*\(/giu)) {
    const name = (match[1] ?? "").toUpperCase();
    if (routines.has(name) || !isCall(name, bare, match.index, match.index + match[0].length)) continue;
    if (table.get(name) !== undefined && table.get(name)?.word === undefined) note(name);
    else if (spatial.test(name)) note("spatial functions");
    else if (isUnknown(name, bare, match.index, match.index + match[0].length)) note(name);
  }
  for (const entry of table.values())
    if (entry.find !== undefined) {
      const found = [...bare.matchAll(new RegExp(entry.find, "giu"))].length;
      if (found > 0) counts.set(entry.name, found);
    }
  return [...counts]
    .map(([name, count]) => useOf(name, count, table.get(name)))
    .sort(byTexts((use) => [use.name]));
}

function useOf(name: string, count: number, entry: MysqlFunction | undefined): FunctionUse {
  if (entry === undefined) {
    const how =
      name === "spatial functions"
        ? "by hand, with PostGIS"
        : "by hand; no function of PostgreSQL is known to be the same";
    return { name, count, rewrite: `${name}: ${how}`, manual: true };
  }
  const note = entry.note === undefined ? "" : ` (${entry.note})`;
  return entry.manual === undefined
    ? { name, count, rewrite: `${entry.mysql ?? ""} -> ${entry.postgres ?? ""}${note}`, manual: false }
    : { name, count, rewrite: `${name}: by hand; ${entry.manual}`, manual: true };
}

/** A call for certain, by what stands before it, of what is neither ours nor a word of the language. */
function isUnknown(name: string, bare: string, start: number, open: number): boolean {
  if (isShared(name) || isNoFunction(name)) return false;
  const before = textBefore(bare, start);
  if (indexOn.test(before) || !(beforeCall.test(before) || before.trim() === "")) return false;
  // WITH a AS (...), b (c, d) AS (...): the columns of a name that is made here.
  return !/^\s*AS\s*\(/iu.test(bare.slice(closing(bare, open).end));
}

/** Enough to hold a name of 64 characters and the words around it. */
function textBefore(bare: string, start: number): string {
  return bare.slice(Math.max(0, start - 120), start);
}

function isCall(name: string, bare: string, start: number, open: number): boolean {
  const before = textBefore(bare, start);
  if (name === "IF") return closing(bare, open).commas === 2;
  // CONVERT(a USING utf8mb4) is told as that.
  if (name === "CONVERT") return closing(bare, open).commas === 1;
  // INSERT ... VALUES (1, 2) is a list of rows; VALUES(column) after it is the function.
  if (name === "VALUES") return /[=(,+\-*/]\s*$/u.test(before) && /^\s*[\w`.]+\s*\)/u.test(bare.slice(open));
  if (ambiguous.has(name)) return beforeCall.test(before) || before.trim() === "";
  return !notCalls.test(before);
}

/** Where the parenthesis that was opened before `at` ends, and its own commas. */
function closing(bare: string, at: number): { readonly end: number; readonly commas: number } {
  let commas = 0;
  for (let depth = 1; at < bare.length && depth > 0; at += 1) {
    const char = bare.charAt(at);
    if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    else if (char === "," && depth === 1) commas += 1;
  }
  return { end: at, commas };
}
