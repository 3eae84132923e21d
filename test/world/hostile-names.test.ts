/**
 * Names and texts that try to be something else: SQL, markup, placeholders, escapes, marks that turn the reading
 * direction. Each is a table, a column, an index, constraints, labels, members, comments, defaults and CHECKs of a
 * source, in a database and under accounts with such names, with views, programs, partitions and sequences beside them;
 * then every verb runs as a user would type it, and at the gate changes of them are followed, repaired and copied again.
 * Bystanders on both sides must survive, the oracle must find both sides equal, every statement that we sent is looked
 * at, and nothing that is shown may do anything to a screen or a browser.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "libpg-query";
import { afterAll, beforeAll, expect, it } from "vitest";
import { asEngine, engineName } from "./accounts.js";
import { fromSources } from "./from-sources.js";
import {
  all,
  asked,
  canaryDrop,
  changes,
  columnOf,
  database,
  labelOf,
  others,
  quoted,
  short,
  table,
  text,
  texts,
} from "./hostile-tables.js";
import { journey, numbers, unequal } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { openDriver, sourceUrl } from "./source-database.js";
import { list } from "./stack/servers.js";

const gate = process.env["HEADGATE_GATE"] === "1";

if (!gate)
  it("hostile names from mariadb", (context) => {
    context.skip("from the other source in the gate");
  });

fromSources(gate ? ["mysql9", "mariadb"] : ["mysql9"], "hostile names from %s", (server) => {
  // Everyday runs take the names that tests below ask for and a share of the others.
  const names = gate ? all : all.filter((name, at) => asked.includes(name) || at % 8 === 1);
  const parents = names.filter((_, at) => at % 4 === 0);
  const crowded = gate ? parents : parents.slice(0, 2);

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
      "  - { match: { column: kind }, to: { type: enum } }",
      "tables: { partitions: keep }",
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
      if (crowded.includes(name))
        for (const statement of others(at, name, server)) await trip.source.sql(statement);
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
    const thorough = server === "mysql9" || gate;
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
    const usual = ["CreateStmt", "CommentStmt", "DefineStmt", "AlterTableStmt", "IndexStmt", "SelectStmt"];
    const rare = ["CreateFunctionStmt", "CreateTrigStmt", "CreateEnumStmt", "ViewStmt"];
    for (const kind of kinds) expect([...usual, ...rare, "CreateSeqStmt", "VacuumStmt"]).toContain(kind);
    for (const kind of rare) expect([...kinds]).toContain(kind);
    const explained = gate ? ["order", "a.b", canaryDrop] : [canaryDrop];
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
    human.push(screenOf(ran), await shown("status"));
    const verified = await trip.start(["verify"]).end;
    expect(verified.code, verified.stdout).toBe(0);
    human.push(screenOf(verified));
    human.push(await shown("report", "--html", "report.html"));
    const json = join(trip.folder, "report.json");
    writeFileSync(json, (await trip.headgate("report", "--json")).stdout);
    for (const file of ["report.html", json])
      expect(await trip.said(0, "report", "--check", file)).toMatchObject({ check: { problems: [] } });

    expect(await canaries()).toEqual(canary);
    await expectEqual();
    for (const name of names)
      if (Buffer.byteLength(name) <= 63)
        expect(
          await trip.target.sql("SELECT relname FROM pg_class WHERE relname = $1 AND relkind = 'r'", [name]),
        ).toEqual([{ relname: name }]);
    await expectTextsKept();
    const absent = findings(checked).filter(({ code }) => /^view-/u.test(code));
    // A view is never renamed; one whose name is too long is told.
    const short63 = absent.filter(({ object }) => Buffer.byteLength(object) <= 63);
    expect(short63.filter(({ code }) => code !== "view-definers")).toEqual([]);
    const views = await trip.target.sql("SELECT viewname FROM pg_views WHERE schemaname = 'public'");
    expect(views).toHaveLength(crowded.length - absent.length + short63.length);

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

  it("are followed, repaired and copied again", { timeout: 900_000 }, async (context) => {
    if (!gate) context.skip("the gate follows them");
    const changed = async (time: number, ...more: readonly string[]): Promise<void> => {
      for (const [at, name] of names.entries())
        for (const statement of changes(at, name, time)) await trip.source.sql(statement);
      for (const statement of more) await trip.source.sql(statement);
      // The first time what the offline copy has missed, replayed over rows that may have it; then row for row.
      const ran = await trip.start(["run", "--until", "ready"]).end;
      expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
      expect(screenOf(ran)).not.toMatch(unsafe);
      await expectEqual();
    };
    const [here, column] = [quoted(canaryDrop), quoted(columnOf(canaryDrop))];
    await changed(1);
    // More at once than go as arrays.
    await changed(
      2,
      `INSERT INTO ${here} (id, ${column}) SELECT n + 10000, ${text(canaryDrop)} FROM (${numbers(2500)}) AS s`,
    );
    await changed(3, `UPDATE ${here} SET ${column} = CONCAT(${column}, id) WHERE id >= 10000`);
    await changed(4, `DELETE FROM ${here} WHERE id >= 10000`);
    for (const { source, target, columns } of plan().tables) {
      if (!names.includes(source)) continue;
      const spoilt = columns.find((one) => one.source === columnOf(source))?.target ?? "";
      const [its, field] = [target, spoilt].map((one) => `"${one.replaceAll('"', '""')}"`);
      await trip.target.sql(
        `SET session_replication_role = replica; UPDATE ${its ?? ""} SET ${field ?? ""} = 'spoilt' WHERE id = 50; DELETE FROM ${its ?? ""} WHERE id = 51`,
      );
    }
    // An administrator of the test has touched them, and no statement of ours.
    const [verified, repaired] = [
      await trip.start(["verify", "--full"]).end,
      await trip.start(["repair"]).end,
    ];
    expect(
      [verified.code, repaired.code],
      `${verified.stdout}\n${repaired.stdout}${repaired.stderr}`,
    ).toEqual([2, 0]);
    for (const each of [verified, repaired]) expect(screenOf(each)).not.toMatch(unsafe);
    await expectEqual();
    const keyless = parents
      .slice(0, 3)
      .map((name) => short(`keyless${String(names.indexOf(name))} ${name}`, 64));
    for (const name of [canaryDrop, ...keyless]) {
      const ended = await trip.start(["recopy", name]).end;
      expect(ended.code, `${name}: ${ended.stdout}\n${ended.stderr}`).toBe(0);
      expect(screenOf(ended)).not.toMatch(unsafe);
    }
    await changed(5);
    expect(await canaries()).toEqual(canary);
  });

  it("sent the source nothing but what reads it, and our own markers", async () => {
    const rows = await trip.source.sql(
      "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE ? AND command_type IN ('Query', 'Prepare', 'Execute')",
      [`${engineName(database)}%`],
    );
    const sent = rows.map(([statement]) => statement ?? "");
    expect(sent.length).toBeGreaterThan(names.length);
    const ours =
      /^(?:SELECT|SHOW|SET|EXPLAIN|BEGIN NOT ATOMIC DECLARE v TYPE OF|START TRANSACTION|ROLLBACK|COMMIT|XA RECOVER|WITH|CREATE (?:DATABASE|TABLE) IF NOT EXISTS `headgate`|INSERT INTO `headgate`\.|PREPARE headgate_view FROM |DEALLOCATE PREPARE headgate_view$|FLUSH TABLES .* WITH READ LOCK$|UNLOCK TABLES$)/su;
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
      for (const { stmt = {} } of stmts) {
        const [kind = ""] = Object.keys(stmt);
        expect(["GrantStmt", "DoStmt"], statement).not.toContain(kind);
        // Keys, indexes and triggers go while an offline copy catches up, and are built again; never a table.
        if (kind === "DropStmt") expect(statement).toMatch(/^DROP (?:TRIGGER|FUNCTION|INDEX) IF EXISTS "/u);
        // Changes that are followed: of a table of the plan, never of a neighbour.
        const changed = ["DeleteStmt", "UpdateStmt", "InsertStmt", "MergeStmt"].includes(kind);
        if (changed) expect(changedBy(stmt), statement).not.toMatch(/^(?:canary|bystander)$/u);
        // A range that begins a table empties it in its own transaction.
        if (kind === "TruncateStmt") {
          expect(statement).toMatch(/^TRUNCATE "public"\."(?:[^"]|"")+"$/u);
          expect(statement).not.toContain("bystander");
        }
      }
      if (statement.includes("drop table")) expect(stmts, statement).toHaveLength(1);
    }
  });

  function plan(): { tables: PlannedTable[] } {
    const file = join(trip.folder, ".headgate", trip.migration, "plan.json");
    return JSON.parse(readFileSync(file, "utf8")) as { tables: PlannedTable[] };
  }

  async function expectEqual(): Promise<void> {
    const { tables } = plan();
    const verdicts = await trip.judge({
      rename: Object.fromEntries(tables.map((one) => [one.source, one.target])),
      renameColumns: Object.fromEntries(
        tables.flatMap((one) =>
          one.columns.map((column) => [`${one.source}.${column.source}`, column.target]),
        ),
      ),
    });
    expect(unequal(verdicts)).toEqual([]);
    // Each with a child, partitions and a table without a key.
    expect(verdicts).toHaveLength(names.length + parents.length + crowded.length * 2 + 1);
  }

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

interface PlannedTable {
  readonly source: string;
  readonly target: string;
  readonly columns: readonly { readonly source: string; readonly target: string }[];
}

/** The name of the table that a statement's tree changes. */
function changedBy(stmt: object): string {
  const [tree] = Object.values(stmt) as { relation?: { relname?: string } }[];
  return tree?.relation?.relname ?? "no table";
}

/** What a person reads: off a terminal the log is JSON, which carries names exactly. */
function screenOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return stdout + stderr.replaceAll(/^\{[^\n]*\n?/gmu, "");
}

/** What may reach no screen: controls but for line breaks, marks of direction, joiners. */
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
