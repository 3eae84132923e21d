/**
 * Bad config and bad input through the real command line, on real servers: each mistake has its own sentence and exit
 * code, and nothing is written: not in the folder, not in the source, not in the target. The mistakes are one table;
 * a case says what is wrong with a file that is right otherwise.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headgate, lastObject } from "./headgate.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { engineName, enginePassword } from "./accounts.js";

const database = "hg_bad_input";
const password = "right-Passw0rd";
const account = "hg_bad_input";
const blind = "hg_bad_blind";

let source: SourceDatabase;
let target: TargetDatabase;
let folder: string;
let closedPort: number;
let strangerPort: number;
let stranger: Server;
/** host:port of both servers. */
let at: { readonly source: string; readonly target: string };

beforeAll(async () => {
  source = await sourceDatabase(database, "mysql9");
  target = await targetDatabase(database);
  at = { source: new URL(await sourceUrl("mysql9")).host, target: new URL(target.url).host };
  await source.account(account, password);
  await source.sql(`DROP USER IF EXISTS ${blind}@'%'`);
  await source.sql(`CREATE USER ${blind}@'%' IDENTIFIED BY '${password}'`);
  await source.sql("CREATE TABLE users (id int PRIMARY KEY, name varchar(20), born date)");
  await source.sql(`GRANT SELECT (id) ON ${database}.users TO ${blind}@'%'`);
  await source.sql("INSERT INTO users VALUES (1, 'a', '2001-01-01'), (2, 'b', '0000-00-00')");
  await source.sql("CREATE TABLE orders (id int PRIMARY KEY, user_id int)");
  closedPort = await freePort();
  stranger = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  strangerPort = await listening(stranger);
});

afterAll(async () => {
  stranger.close();
  for (const user of [account, blind]) await source.sql(`DROP USER IF EXISTS ${user}@'%'`);
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

interface Parts {
  readonly migration: string;
  readonly source: string;
  readonly target: string;
  readonly more: string;
}

interface Case {
  readonly name: string;
  readonly change?: ((parts: Parts) => Partial<Parts>) | undefined;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mode?: number;
  readonly exit: number;
  readonly code: string;
  readonly words: RegExp;
  /** Makes the world wrong; what it returns makes it right again. */
  readonly arrange?: () => Promise<() => Promise<unknown>>;
  readonly stdin?: string;
}

const run = ["run", "--until", "copied", "--confirm", database];
/** The policy that the zero date needs, so that a case has one mistake only. */
const settled = 'policies: [{ match: { table: users }, zeroDate: "null" }]\n';

function fileOf(test: Case): string {
  const right: Parts = {
    migration: "20261122_bad",
    source: `mysql://${account}:\${PASSWORD}@${at.source}/${database}`,
    target: `postgresql://${engineName(database)}:\${TARGET_PASSWORD}@${at.target}/${database}`,
    more: settled,
  };
  const parts = { ...right, ...test.change?.(right) };
  return `migration: ${parts.migration}\nsource:\n  url: ${parts.source}\ntarget:\n  url: ${parts.target}\n${parts.more}`;
}

const more =
  (line: string): Case["change"] =>
  (parts) => ({ more: `${parts.more}${line}\n` });

const usage = { exit: 64, code: "config-invalid" } as const;

const cases: readonly Case[] = [
  {
    name: "no file",
    args: ["check", "-c", "nowhere.yaml"],
    exit: 64,
    code: "config-missing",
    words: /no file nowhere\.yaml/,
  },
  { name: "unknown key", change: more("souce: 1"), ...usage, words: /:7:1: "souce".*Did you mean source/ },
  {
    name: "unknown nested key",
    change: more("snapshot: { rangerows: 500 }"),
    ...usage,
    words: /Did you mean rangeRows/,
  },
  {
    name: "batch 99",
    change: more("apply: { batchRows: 99 }"),
    ...usage,
    words: /is 99, which is too small/,
  },
  {
    name: "batch 100001",
    change: more("apply: { batchRows: 100001 }"),
    ...usage,
    words: /is 100001, which is too large/,
  },
  { name: 'batch "1e3"', change: more('apply: { batchRows: "1e3" }'), ...usage, words: /is the text "1e3"/ },
  { name: "batch -5", change: more("apply: { batchRows: -5 }"), ...usage, words: /is -5, a negative number/ },
  {
    name: "batch 5.5",
    change: more("apply: { batchRows: 5.5 }"),
    ...usage,
    words: /is 5\.5, no whole number/,
  },
  {
    name: "three workers, no override",
    change: more("snapshot: { workers: 3 }"),
    ...usage,
    words: /workers is 3, more than the 2/,
  },
  {
    name: "migration with a path",
    change: () => ({ migration: "20261122_../../etc" }),
    ...usage,
    words: /:1:12: migration is/,
  },
  {
    name: "migration of 7 digits",
    change: () => ({ migration: "2026112_shop" }),
    ...usage,
    words: /"2026112_shop"/,
  },
  {
    name: "URL with a backtick",
    change: (p) => ({ source: p.source + "`id`" }),
    ...usage,
    words: /"`" in it.*%60/,
  },
  { name: "URL with &&", change: (p) => ({ source: `${p.source}&&true` }), ...usage, words: /"&&" in it/ },
  {
    name: "postgres://",
    change: (p) => ({ target: p.target.replace("postgresql:", "postgres:") }),
    ...usage,
    words: /postgres:\/\/, which is spelled postgresql:\/\//,
  },
  {
    name: "URL without a database",
    change: () => ({ source: `mysql://${account}@${at.source}/` }),
    ...usage,
    words: /names no database/,
  },
  {
    name: "unknown environment name",
    change: (p) => ({ source: p.source.replace("PASSWORD", "PASWORD") }),
    ...usage,
    words: /\$\{PASWORD\} is not set/,
  },
  {
    name: "secret file missing",
    change: (p) => ({ source: p.source.replace("${PASSWORD}", "${file:none}") }),
    ...usage,
    words: /none\} cannot be read/,
  },
  {
    name: "schema a reserved word",
    change: (p) => ({ target: `${p.target}\n  schema: user` }),
    ...usage,
    words: /reserved word/,
  },
  { name: "key twice", change: more("migration: 20261122_two"), ...usage, words: /stands twice/ },
  { name: "broken YAML", change: more("names: 'keep"), ...usage, words: /closing quote/ },
  {
    name: "TLS off far away",
    change: (p) => ({ target: `${p.target.replace("127.0.0.1", "db.example")}\n  tls: { mode: off }` }),
    ...usage,
    words: /off for db\.example/,
  },
  {
    name: "password in a readable file",
    change: (p) => ({ source: p.source.replace("${PASSWORD}", password) }),
    mode: 0o644,
    exit: 64,
    code: "secrets-readable",
    words: /a password stands here/,
  },
  {
    name: "key of a part not built",
    change: more("gates: { ticket: CHG-1 }"),
    exit: 64,
    code: "not-built-yet",
    words: /gates is set/,
  },
  {
    name: "a MongoDB source",
    change: (p) => ({ source: p.source.replace("mysql:", "mongodb:") }),
    exit: 64,
    code: "not-built-yet",
    words: /mongodb:\/\/ source/,
  },
  {
    name: "the same server twice",
    change: (p) => ({ target: p.target.replace(at.target, at.source) }),
    exit: 64,
    code: "same-server",
    words: /are both at/,
  },
  {
    name: "TARGET_DB of another",
    env: { TARGET_DB: "other" },
    exit: 64,
    code: "environment-mismatch",
    words: /TARGET_DB is "other"/,
  },
  {
    name: "MIGRATION_ID of another",
    env: { MIGRATION_ID: "x" },
    exit: 64,
    code: "environment-mismatch",
    words: /MIGRATION_ID is "x"/,
  },
  {
    name: "production without --confirm",
    args: ["run", "--until", "copied"],
    exit: 64,
    code: "confirm-missing",
    words: /nobody is at a terminal/,
  },
  {
    name: "production, piped blank",
    args: ["run", "--until", "copied"],
    stdin: "\n",
    exit: 64,
    code: "confirm-missing",
    words: /nobody is at a terminal/,
  },
  {
    name: "production, --yes is no name",
    args: ["run", "--until", "copied", "--yes"],
    exit: 64,
    code: "confirm-missing",
    words: /nobody is at a terminal/,
  },
  {
    name: "a wrong --confirm",
    args: ["run", "--until", "copied", "--confirm", "shop"],
    exit: 64,
    code: "confirm-missing",
    words: /--confirm names "shop"/,
  },
  {
    name: "an unknown state",
    args: ["run", "--until", "done", "--confirm", database],
    exit: 64,
    code: "usage",
    words: /"done"/,
  },
  {
    name: "a verb not built",
    args: ["approve"],
    exit: 64,
    code: "not-built-yet",
    words: /approve is not built/,
  },
  { name: "an unknown flag", args: ["check", "--force"], exit: 64, code: "usage", words: /--force/ },
  {
    name: "init over a file",
    args: ["init", "--source", "mysql://a@127.0.0.1/b", "--target", "postgresql://a@127.0.0.1/b"],
    exit: 64,
    code: "config-exists",
    words: /already there/,
  },
  {
    name: "init with an unknown scheme",
    args: ["-c", "new.yaml", "init", "--source", "oracle://a:canary@h/d", "--target", "postgresql://a@h/d"],
    exit: 64,
    code: "usage",
    words: /--source is a URL that begins with oracle:/,
  },
  {
    name: "wrong source port",
    change: (p) => ({ source: p.source.replace(at.source, `127.0.0.1:${String(closedPort)}`) }),
    exit: 1,
    code: "server-unreachable",
    words: /127\.0\.0\.1:\d+/,
  },
  {
    name: "wrong target port",
    change: (p) => ({ target: p.target.replace(at.target, `127.0.0.1:${String(closedPort)}`) }),
    exit: 1,
    code: "server-unreachable",
    words: /127\.0\.0\.1:\d+/,
  },
  {
    name: "wrong source password",
    env: { PASSWORD: "wrong-Passw0rd" },
    exit: 1,
    code: "login-refused",
    words: /hg_bad_input/,
  },
  {
    name: "unknown target role",
    change: (p) => ({ target: p.target.replace(/\/\/[^@]*@/u, "//hg_bad_nobody@") }),
    exit: 1,
    code: "login-refused",
    words: /hg_bad_nobody/,
  },
  {
    name: "source database missing, which the server tells no account of another one",
    change: (p) => ({
      source: p.source.replace(/\/\/.*$/u, `//${account}:\${PASSWORD}@${at.source}/hg_bad_none`),
    }),
    exit: 1,
    code: "grant-missing",
    words: /hg_bad_none/,
  },
  {
    name: "target database missing",
    args: ["check"],
    change: (p) => ({ target: p.target.replace(`/${database}`, "/hg_bad_none") }),
    exit: 1,
    code: "database-missing",
    words: /hg_bad_none/,
  },
  {
    name: "something else at the source's port",
    change: (p) => ({ source: p.source.replace(at.source, `127.0.0.1:${String(strangerPort)}`) }),
    exit: 1,
    code: "source-refused|connection-lost",
    words: /source/,
  },
  {
    name: "a source account that may not read",
    change: (p) => ({ source: p.source.replace(`//${account}`, `//${blind}`) }),
    exit: 3,
    code: "",
    words: /grant/i,
  },
  {
    name: "a value that no policy lets through",
    change: () => ({ more: "" }),
    exit: 3,
    code: "",
    words: /users\.born/,
  },
  {
    name: "a target type that no codec has",
    change: more("typemap: [{ match: { table: users, column: name }, to: { type: point } }]"),
    exit: 64,
    code: "type-pair",
    words: /point/,
  },
  {
    name: "no table included",
    change: more('tables: { include: ["zz*"] }'),
    exit: 3,
    code: "",
    words: /nothing-to-copy|No table/,
  },
  {
    name: "a table that is there and not ours",
    arrange: async () => {
      await target.sql("CREATE TABLE users (id int)");
      await target.sql("INSERT INTO users VALUES (7)");
      return async () => target.sql("DROP TABLE users");
    },
    exit: 3,
    code: "",
    words: /users/,
  },
  {
    name: "a target role that may not create",
    arrange: async () => {
      await target.sql("DROP ROLE IF EXISTS hg_bad_guest");
      await target.sql("CREATE ROLE hg_bad_guest LOGIN");
      return async () => target.sql("DROP ROLE hg_bad_guest");
    },
    change: (p) => ({ target: p.target.replace(/\/\/[^@]*@/u, "//hg_bad_guest@") }),
    exit: 3,
    code: "",
    words: /create|grant/i,
  },
];

/** Everything that could have been written to: the folder's files, the source's and the target's tables. */
async function written(): Promise<string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const ours = await source.sql(
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1, 2",
    [database],
  );
  const theirs = await target.sql(
    "SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2",
  );
  const schemas = await target.sql("SELECT nspname FROM pg_namespace ORDER BY 1");
  return JSON.stringify({ files, ours, theirs, schemas });
}

describe("bad config and bad input", () => {
  const said = new Map<string, string>();

  it.each(cases)("$name", async (test) => {
    folder = mkdtempSync(join(tmpdir(), "headgate-bad-"));
    const restore = await test.arrange?.();
    try {
      const file = join(folder, "headgate.yaml");
      writeFileSync(file, fileOf(test));
      chmodSync(file, test.mode ?? 0o600);
      const before = await written();
      const options = {
        cwd: folder,
        env: { PASSWORD: password, TARGET_PASSWORD: enginePassword, ...test.env },
        stdin: test.stdin ?? "",
      };
      const args = test.args ?? run;
      const ended = await headgate([...args, "--json"], options);
      const object = lastObject(ended);
      const error = object["error"] ?? { code: "", sentence: JSON.stringify(object["findings"]) };
      expect(error).toMatchObject({ sentence: expect.stringMatching(test.words) as string });
      expect(error).toMatchObject({ code: expect.stringMatching(`^(?:${test.code})$`) as string });
      expect([ended.code, object["exit"], object["ok"]]).toEqual([test.exit, test.exit, false]);
      expect(await written()).toBe(before);
      expect(statSync(file).mode & 0o777).toBe(test.mode ?? 0o600);
      expect(ended.stdout + ended.stderr).not.toMatch(/Passw0rd|canary/);
      said.set(test.name, JSON.stringify(error));
    } finally {
      await restore?.();
      rmSync(folder, { recursive: true });
    }
  });

  it("gave each mistake a sentence of its own", () => {
    const same = new Set([
      "production without --confirm",
      "production, piped blank",
      "production, --yes is no name",
    ]);
    const others = [...said].filter(([name]) => !same.has(name)).map(([, sentence]) => sentence);
    expect(others.length).toBeGreaterThanOrEqual(30);
    expect(new Set(others).size).toBe(others.length);
  });
});
