/**
 * Real schemas with data, written by others, that stand beside the checkout in ../shared/corpus (its README says
 * what each holds). A clone without them skips those tests and says so. The *.sql files of a folder are run in name
 * order, statement by statement, DELIMITER lines included, with sql_mode empty as their authors meant them.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { openDriver } from "./source-database.js";

export interface Corpus {
  readonly folder: string;
  /** Databases that loading it makes; the first is made for it where its files make none. */
  readonly databases: readonly string[];
  readonly makesItsOwn: boolean;
  /** Tables in all of its databases, measured on MySQL 9.7. */
  readonly tables: number;
}

const known: readonly Corpus[] = [
  { folder: "apollo", databases: ["ApolloConfigDB", "ApolloPortalDB"], makesItsOwn: true, tables: 39 },
  { folder: "chinook", databases: ["Chinook_AutoIncrement"], makesItsOwn: true, tables: 11 },
  { folder: "employees", databases: ["employees"], makesItsOwn: true, tables: 6 },
  { folder: "mall", databases: ["mall"], makesItsOwn: false, tables: 76 },
  { folder: "northwind", databases: ["northwind"], makesItsOwn: true, tables: 20 },
  { folder: "ruoyi", databases: ["ruoyi"], makesItsOwn: false, tables: 31 },
  { folder: "sakila", databases: ["sakila"], makesItsOwn: true, tables: 16 },
];

const root = resolve("..", "shared", "corpus");

/** Why the corpus tests are skipped; null when the corpus is there. */
export const corpusMissing: string | null = existsSync(root)
  ? null
  : "skipped: ../shared/corpus is not beside this checkout";

/** The corpora that are there. */
export const corpora: readonly Corpus[] = corpusMissing === null ? known : [];

/** Loads a corpus into the server at `url` (an administrator's), its databases made anew. */
export async function loadCorpus(url: string, corpus: Corpus): Promise<void> {
  const driver = await openDriver(url);
  try {
    for (const database of corpus.databases) await driver.query(`DROP DATABASE IF EXISTS \`${database}\``);
    const [first = ""] = corpus.databases;
    if (!corpus.makesItsOwn) {
      await driver.query(`CREATE DATABASE \`${first}\` CHARACTER SET utf8mb4`);
      await driver.query(`USE \`${first}\``);
    }
    // One commit for the thousands of INSERTs; what a file says about it itself still holds.
    await driver.query("SET SESSION autocommit = 0");
    const folder = resolve(root, corpus.folder);
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(".sql")) continue;
      for (const statement of splitStatements(readFileSync(resolve(folder, file), "utf8"))) {
        try {
          await driver.query(statement);
        } catch (error) {
          throw new Error(`${corpus.folder}/${file}: ${statement.slice(0, 200)}`, { cause: error });
        }
      }
    }
    await driver.query("COMMIT");
  } finally {
    await driver.end();
  }
}

/** Drops what loading it made. */
export async function dropCorpus(url: string, corpus: Corpus): Promise<void> {
  const driver = await openDriver(url);
  try {
    for (const database of corpus.databases) await driver.query(`DROP DATABASE IF EXISTS \`${database}\``);
  } finally {
    await driver.end();
  }
}

/** The statements of a script for the mysql client: its DELIMITER lines obeyed, empty statements and plain comments left out. */
export function splitStatements(script: string): readonly string[] {
  const text = script.replace(/^\uFEFF/u, "");
  const statements: string[] = [];
  let delimiter = ";";
  let start = 0;
  let at = 0;
  let bare = true; // nothing but blanks and comments since `start`
  while (at < text.length) {
    if (bare && atLineStart(text, at)) {
      const line = /^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*(?:\n|$)/iu.exec(text.slice(at, at + 200));
      if (line?.[1] !== undefined) {
        delimiter = line[1];
        at += line[0].length;
        start = at;
        continue;
      }
    }
    if (text.startsWith(delimiter, at)) {
      if (!bare) statements.push(text.slice(start, at).trim());
      at += delimiter.length;
      start = at;
      bare = true;
      continue;
    }
    const end = skipToken(text, at);
    if (!/^\s$|^--|^#|^\/\*(?!!)/u.test(text.slice(at, Math.min(end, at + 3)))) bare = false;
    at = end;
  }
  if (!bare) statements.push(text.slice(start).trim());
  return statements;
}

function atLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === "\n";
}

/** The end of the quoted text, the comment or the one character that begins at `at`. */
function skipToken(text: string, at: number): number {
  const char = text.charAt(at);
  if (char === "'" || char === '"' || char === "`") {
    let end = at + 1;
    while (end < text.length && text.charAt(end) !== char)
      end += text.charAt(end) === "\\" && char !== "`" ? 2 : 1;
    return end + 1;
  }
  if (char === "#" || (char === "-" && /^--(?:\s|$)/u.test(text.slice(at, at + 3)))) {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  return at + 1;
}
