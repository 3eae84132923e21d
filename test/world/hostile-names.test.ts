/**
 * Names and texts that try to be something else: SQL, markup, placeholders, escapes, marks that turn the reading
 * direction. Each is a table, a column, an index, constraints, labels, members, comments, defaults and CHECKs of a
 * source, in a database and under accounts with such names; then every verb runs as a user would type it. Bystanders on
 * both sides must survive, the oracle must find both sides equal, every statement that we sent is looked at, and nothing
 * that is shown may do anything to a screen or a browser.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "libpg-query";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asEngine, engineName } from "./accounts.js";
import { journey, unequal } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { openDriver, sourceUrl } from "./source-database.js";
import { list } from "./stack/servers.js";

/** What MySQL takes as a name: U+0001 to U+FFFF, no blank at the end, 64 characters. */
const all: readonly string[] = [
  `"; drop table canary; --`,
  "`; drop table canary; --",
  "'); drop table canary; --",
  "$$; drop table canary; $$",
  "*/ drop table canary; /*",
  "\\'; drop table canary; --",
  'a"b',
  "a`b",
  "a'b",
  "a''b",
  "\\",
  "a\\b",
  "%s%n%",
  "100%",
  "?",
  "??",
  ":name",
  "@name",
  "$1",
  "${X}",
  "${HOME}",
  "{column}",
  "#{x}",
  "a\nb",
  "a\tb",
  "\r\nerror   forged",
  "<script>alert(1)</script>",
  "<b onmouseover=alert(1)>",
  "&amp;",
  "--",
  "/*",
  "#",
  ";",
  "a;b",
  ".",
  "a.b",
  "..",
  "*",
  "tmp_*",
  "[0]",
  "~",
  "|",
  "&&",
  "order",
  "SELECT",
  "user",
  "table",
  "null",
  "2024-sales",
  "1st",
  "0x41",
  "1e3",
  " leading",
  "a  b",
  "e\u0301t\u00e9",
  "\u00e9te\u0301",
  "\u202ertl\u202c",
  "a\u200fb",
  "zero\u200bwidth",
  "\ufeffbom",
  "\u00a0nbsp",
  "\u2028line",
  "\u0001\u001b[31m",
  "\u007fdel",
  "Stra\u00dfe",
  "STRASSE",
  "\u0130stanbul",
  "\u8868\u7684",
  "\uff21\uff22",
  "ctid",
  "xmin",
  "oid",
  "__proto__",
  "constructor",
  "toString",
  "headgate",
  "x".repeat(64),
  "\u00fc".repeat(64),
  `${"x".repeat(63)}y`,
];

const canaryDrop = `"; drop table canary; --`;

/** Names that every run has, for it asks for them. */
const asked: readonly string[] = [
  canaryDrop,
  "$$; drop table canary; $$",
  "?",
  "${X}",
  "a\nb",
  "\r\nerror   forged",
  "<script>alert(1)</script>",
  "a.b",
  "order",
  "\u202ertl\u202c",
  "\u0001\u001b[31m",
  "\u00fc".repeat(64),
];

/** Texts only: an emoji cannot be a name in MySQL. */
const texts: readonly string[] = [...all, "😀 '; drop table canary; --", "end\\", "trailing ", ""];

const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
const short = (value: string, length: number): string => value.slice(0, length).trimEnd();

const database = `hg "'\`$;%_?--é`;

describe.each(["mysql9", "mariadb"] as const)("hostile names from %s", (server) => {
  // Everyday runs take the names that tests below ask for and a share of the others, each server another share.
  const share = server === "mysql9" ? 1 : 4;
  const names =
    process.env["HEADGATE_GATE"] === "1"
      ? all
      : all.filter((name, at) => asked.includes(name) || at % 8 === share);
  const parents = names.filter((_, at) => at % 4 === 0);

  let trip: Journey;
  let canary: { readonly source: unknown; readonly target: unknown };
  let logAt: number;

  const canaries = async (): Promise<{ readonly source: unknown; readonly target: unknown }> => ({
    source: await trip.source.sql("SELECT * FROM canary ORDER BY id"),
    target: await trip.target.sql("SELECT id::text, note FROM public.bystander ORDER BY id"),
  });

  const logFile = (): string => list().find(({ name }) => name === "postgres18")?.log ?? "";

  beforeAll(async () => {
    trip = await journey(database, server, "postgres18", "20261122_hostile");
    // The catalogue prints what it cannot print as a question mark, so a label that is one is in doubt.
    trip.configure([
      "typemap:",
      '  - { match: { table: ["?", "??"], type: [enum, set] }, to: { check: none } }',
    ]);
    await trip.source.sql("CREATE TABLE canary (id INT PRIMARY KEY, note TEXT)");
    for (const [at, note] of texts.entries())
      await trip.source.sql("INSERT INTO canary VALUES (?, ?)", [at, note]);
    for (const [at, name] of names.entries()) await trip.source.sql(table(at, name));
    for (const [at, name] of names.entries()) {
      const values = texts
        .map((value, row) => `(${String(row + 1)}, ${text(value)}, ${text(labelOf(name))})`)
        .join(", ");
      await trip.source.sql(
        `INSERT INTO ${quoted(name)} (id, ${quoted(columnOf(name))}, ${quoted("label")}) VALUES ${values}`,
      );
      if (!parents.includes(name)) continue;
      await trip.source.sql(
        `CREATE TABLE ${quoted(`child ${String(at)}`)} (id INT PRIMARY KEY, parent INT, CONSTRAINT ${quoted(short(`f${String(at)}${name}`, 64))} FOREIGN KEY (parent) REFERENCES ${quoted(name)} (id) ON DELETE CASCADE)`,
      );
      await trip.source.sql(`INSERT INTO ${quoted(`child ${String(at)}`)} VALUES (1, 1), (2, NULL)`);
    }
    await trip.target.sql("CREATE TABLE public.bystander (id int PRIMARY KEY, note text)");
    await trip.target.sql("INSERT INTO public.bystander VALUES (1, 'stays'), (2, 'too')");
    canary = await canaries();
    // Every statement of ours from here on is in the servers' own logs.
    await trip.target.sql(`ALTER ROLE "${engineName(database)}" SET log_statement = 'all'`);
    logAt = statSync(logFile()).size;
    const admin = await openDriver(await sourceUrl(server));
    await admin.query("SET GLOBAL log_output = 'TABLE'");
    await admin.query("TRUNCATE TABLE mysql.general_log");
    await admin.query("SET GLOBAL general_log = ON");
    await admin.end();
  });
  afterAll(async () => {
    const admin = await openDriver(await sourceUrl(server));
    await admin.query("SET GLOBAL general_log = OFF");
    await admin.query("SET GLOBAL log_output = 'FILE'");
    await admin.query("TRUNCATE TABLE mysql.general_log");
    await admin.end();
    await trip[Symbol.asyncDispose]();
  });

  const findings = (said: Said): readonly { code: string; object: string; severity: string }[] =>
    said["findings"] as readonly { code: string; object: string; severity: string }[];

  it("are shown, planned, copied and reported, and nothing else happens", { timeout: 300_000 }, async () => {
    const human: string[] = [];
    const shown = async (...args: readonly string[]): Promise<string> => {
      const ended = await trip.headgate(...args);
      expect(ended.code, `${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`).toBe(0);
      return ended.stdout + ended.stderr;
    };
    const target = asEngine(trip.target.url, database);
    // A plan of a source is two seconds of one core: everyday runs show the verbs that only look on one server, in pairs.
    const thorough = server === "mysql9" || process.env["HEADGATE_GATE"] === "1";
    const from = ["--source", trip.source.url, "--target", target, "--migration", trip.migration];
    const [checked, ...dry] = await Promise.all([
      trip.said(0, "check"),
      ...(thorough ? [shown("init", "--dry-run", ...from)] : []),
    ]);
    human.push(...dry);
    const unusual = findings(checked).filter(
      ({ code }) => code === "name-needs-quotes" || code === "renamed",
    );
    for (const name of names.filter((one) => !/^[a-zA-Z_]\w*$/u.test(one)))
      expect(unusual.map(({ object }) => object)).toContain(name);
    const looks = await Promise.all([shown("plan"), ...(thorough ? [shown("check", "--propose")] : [])]);
    human.push(...looks, await shown("status"));
    // What psql would be fed: as many statements as the plan has, and each of a kind that a plan has.
    const [{ stdout: sql }, planned] = await Promise.all([
      trip.headgate("plan", "--sql"),
      trip.said(0, "plan", "--dry-run"),
    ]);
    const { stmts = [] } = await parse(sql);
    expect(stmts).toHaveLength(
      (planned["before"] as unknown[]).length + (planned["after"] as unknown[]).length,
    );
    // The one thing besides tables and what is on them: the collation that stands for the source's.
    for (const { stmt = {} } of stmts)
      if ("DefineStmt" in stmt) expect(stmt.DefineStmt).toMatchObject({ kind: "OBJECT_COLLATION" });
    const kinds = new Set(stmts.flatMap(({ stmt }) => Object.keys(stmt ?? {})));
    for (const kind of kinds)
      expect([
        "CreateStmt",
        "CommentStmt",
        "DefineStmt",
        "AlterTableStmt",
        "IndexStmt",
        "SelectStmt",
        "VacuumStmt",
      ]).toContain(kind);
    const explained = process.env["HEADGATE_GATE"] === "1" ? ["order", "a.b", canaryDrop] : [canaryDrop];
    if (thorough) {
      const [{ stdout: grants }, ...explanations] = await Promise.all([
        trip.headgate("check", "--grants"),
        ...explained.map((name) => shown("plan", "--explain", `${name}.label`)),
      ]);
      expect(grants).toContain("`hg \"'``$;\\%\\_?--é`.*");
      human.push(...explanations);
    }
    // No bound of time: some hundred statements are built.
    const ran = await trip.start(["run", "--until", "copied"]).end;
    expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
    human.push(ran.stdout + ran.stderr, await shown("status"));
    human.push(await shown("verify"));
    human.push(await shown("report", "--html", "report.html"));
    await trip.said(0, "report");

    expect(await canaries()).toEqual(canary);
    const plan = JSON.parse(
      readFileSync(join(trip.folder, ".headgate", trip.migration, "plan.json"), "utf8"),
    ) as { tables: { source: string; target: string; columns: { source: string; target: string }[] }[] };
    const verdicts = await trip.judge({
      rename: Object.fromEntries(plan.tables.map((one) => [one.source, one.target])),
      renameColumns: Object.fromEntries(
        plan.tables.flatMap((one) =>
          one.columns.map((column) => [`${one.source}.${column.source}`, column.target]),
        ),
      ),
    });
    expect(unequal(verdicts)).toEqual([]);
    expect(verdicts).toHaveLength(names.length + parents.length + 1);
    for (const name of names)
      if (Buffer.byteLength(name) <= 63)
        expect(
          await trip.target.sql("SELECT relname FROM pg_class WHERE relname = $1 AND relkind = 'r'", [name]),
        ).toEqual([{ relname: name }]);
    await expectTextsKept();

    for (const screen of human) expect(screen).not.toMatch(unsafe);
    for (const screen of human) expect(screen).not.toMatch(/^error {3}forged/mu);
    const page = readFileSync(join(trip.folder, "report.html"), "utf8");
    expect(page).not.toMatch(unsafe);
    expect(page).not.toMatch(
      /<(?!\/?(?:html|head|meta|title|style|body|main|h1|h2|h3|p|b|code|pre|span|ul|li|dl|dt|dd|figure|figcaption|svg|rect|text|title|details|summary|table|caption|thead|tbody|tr|td|th)\b|!doctype)/iu,
    );
    expect(page).not.toMatch(/<b /u);
    if (names.some((name) => name.startsWith("<script>")))
      expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toContain(process.env["HOME"] ?? "?");
  });

  it("sent the source nothing but what reads it, and our own markers", async () => {
    const rows = await trip.source.sql(
      "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE ? AND command_type IN ('Query', 'Prepare', 'Execute')",
      [`${engineName(database)}%`],
    );
    const sent = rows.map(([statement]) => statement ?? "");
    expect(sent.length).toBeGreaterThan(names.length);
    const ours =
      /^(?:SELECT|SHOW|SET|EXPLAIN|BEGIN NOT ATOMIC DECLARE v TYPE OF|START TRANSACTION|ROLLBACK|COMMIT|XA RECOVER|WITH|CREATE (?:DATABASE|TABLE) IF NOT EXISTS `headgate`|INSERT INTO `headgate`\.)/u;
    expect(sent.filter((statement) => !ours.test(statement.trim()))).toEqual([]);
  });

  it("sent the target single statements that the plan knows, and touched no bystander", async () => {
    const log = readFileSync(logFile()).subarray(logAt).toString();
    const statements = [
      ...log.matchAll(/(?:statement|execute [^:]*): ([\s\S]*?)(?=\n\d{4}-\d\d-\d\d |\s*$)/gu),
    ].map(([, statement = ""]) => statement.replaceAll("\n\t", "\n"));
    const ours = statements.filter(
      (statement) => statement.includes("canary") || statement.includes("bystander"),
    );
    expect(ours.length).toBeGreaterThan(0);
    for (const statement of ours) {
      const { stmts = [] } = await parse(statement);
      for (const { stmt } of stmts) {
        const [kind = ""] = Object.keys(stmt ?? {});
        expect(["DropStmt", "DeleteStmt", "UpdateStmt", "GrantStmt", "DoStmt"], statement).not.toContain(
          kind,
        );
        // A range that begins a table empties it in its own transaction: only ever a table of the plan, never a neighbour.
        if (kind === "TruncateStmt") {
          expect(statement).toMatch(/^TRUNCATE "public"\."(?:[^"]|"")+"$/u);
          expect(statement).not.toContain("bystander");
        }
      }
      if (statement.includes("drop table")) expect(stmts, statement).toHaveLength(1);
    }
  });

  async function expectTextsKept(): Promise<void> {
    const comments = await trip.target.sql(
      "SELECT obj_description(c.oid) AS comment FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace",
    );
    const said = comments.map(({ comment }) => comment);
    for (const name of names) expect(said).toContain(name);
    // A default, a label and a member as they were.
    for (const name of [`"; drop table canary; --`, "${X}", "a\nb"].filter((one) => names.includes(one))) {
      const at = `"${name.replaceAll('"', '""')}"`;
      const [row] = await trip.target.sql(
        `INSERT INTO ${at} (id) VALUES (9999) RETURNING "${columnOf(name).replaceAll('"', '""')}" AS d, label`,
      );
      expect(row).toEqual({ d: name, label: name });
      await expect(trip.target.sql(`INSERT INTO ${at} (id, label) VALUES (9998, 'nothing')`)).rejects.toThrow(
        "check",
      );
      await trip.target.sql(`DELETE FROM ${at} WHERE id = 9999`);
    }
  }
});

/** What may reach no screen: controls but for line breaks, marks of direction, joiners. */
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

/** A column may not be called as one that is there already, in any case. */
function columnOf(name: string): string {
  return /^(?:id|label|members)$/iu.test(name) ? `${name}_` : name;
}

/** The catalogue prints as a question mark what it cannot print, so a label that has one is in doubt (label-unreadable). */
function labelOf(name: string): string {
  return name.replaceAll("?", "\u00bf");
}

function table(at: number, name: string): string {
  const column = columnOf(name);
  const label = labelOf(name);
  const member = label.replaceAll(",", "");
  return `CREATE TABLE ${quoted(name)} (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    ${quoted(column)} VARCHAR(200) CHARACTER SET utf8mb4 NULL DEFAULT ${text(name)} COMMENT ${text(name)},
    label ENUM(${text(label)}, 'other "', 'é''') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT ${text(label)} COMMENT ${text(`label ${name}`)},
    members SET(${text(member)}, 'm''') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT ${text(member)},
    KEY ${quoted(name)} (${quoted(column)}),
    UNIQUE KEY ${quoted(short(`u${name}`, 64))} (id, ${quoted(column)}),
    CONSTRAINT ${quoted(short(`c${String(at)}${name}`, 64))} CHECK (${quoted(column)} <> ${text(`never ${name}`)})
  ) DEFAULT CHARACTER SET utf8mb4 COMMENT ${text(name)}`;
}
