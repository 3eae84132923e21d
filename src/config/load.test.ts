/**
 * headgate.yaml as people get it wrong: each mistake has its own sentence with line and column, all of them are told
 * at once, and no sentence holds a password. `good` is a whole file; a case changes one line of it.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { LoadedConfig } from "./load.js";
import { loadConfig } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "headgate-load-"));
afterAll(() => rmSync(folder, { recursive: true }));
const canary = "c4nary@W/x:y";
const env = { PASSWORD: canary, ROWS: "5000", SHARE: "0.2", ROUND: "5000.0", WAY: "true", EMPTY: "" };

const good = [
  "migration: 20261122_shop",
  "source:",
  "  url: mysql://app:${PASSWORD}@127.0.0.1:3306/shop",
  "target:",
  "  url: postgresql://app:${PASSWORD}@db2.internal:5432/shop",
  "",
].join("\n");

let counter = 0;
function write(text: string, mode = 0o600): string {
  const file = join(folder, `${String((counter += 1))}.yaml`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

async function load(text: string, mode?: number): Promise<LoadedConfig> {
  return loadConfig(write(text, mode), env);
}

async function faultOf(text: string, mode?: number): Promise<Fault> {
  try {
    await load(text, mode);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("was accepted");
}

it("tells a bare ${...} within braces once, and what to do", async () => {
  const fault = await faultOf(`${good}snapshot: { workers: \${W:-1}, rangeRows: \${ROWS} }\n`);
  expect(fault.message).toMatch(
    /:6:\d+: A \$\{\.\.\.\} within \{ \} or \[ \] stands in quotes: "\$\{NAME\}"\.$/,
  );
});

describe("what is accepted", () => {
  it("fills in, percent-encodes, and gives the contract's defaults", async () => {
    const { config, source, target, folder: place, where } = await load(good);
    expect(source.server).toMatchObject({ user: "app", password: canary, database: "shop", port: 3306 });
    expect([source.tls, target.tls]).toEqual([{ mode: "off" }, { mode: "verify-full" }]);
    expect(target.shown).toBe("postgresql://app:***@db2.internal:5432/shop");
    expect(config).toMatchObject({
      environment: "production",
      names: "keep",
      lanes: "one",
      feed: { kind: "binlog" },
      snapshot: { workers: 2, rangeRows: 100_000, order: "oldest" },
      apply: { batchRows: 5000 },
      tables: { include: ["*"], exclude: [], rename: {} },
      target: { schema: "public" },
    });
    expect(place).toBe(folder);
    expect(where(["target", "schema"])).toMatch(/\.yaml:4:1$/);
  });

  it.each([100, 100_000])("%s rows", async (rows) => {
    const { config } = await load(`${good}snapshot: { rangeRows: ${rows} }\napply: { batchRows: ${rows} }\n`);
    expect([config.snapshot.rangeRows, config.apply.batchRows]).toEqual([rows, rows]);
  });

  it("reads a filled-in number as one, and only a filled-in one", async () => {
    const { config } = await load(`${good}snapshot: { rangeRows: "\${ROWS}" }\n`);
    expect(config.snapshot.rangeRows).toBe(5000);
    expect((await faultOf(`${good}snapshot: { rangeRows: "5000" }\n`)).message).toMatch(/is the text "5000"/);
    // A share is wanted there.
    const share = await load(`${good}throttle: { maxLatencyIncrease: "\${SHARE}" }\n`);
    expect(share.config.throttle.maxLatencyIncrease).toBe(Number(env.SHARE));
    expect((await faultOf(`${good}snapshot: { rangeRows: "\${ROUND}" }\n`)).code).toBe("config-invalid");
  });

  it("takes defaults, files relative to itself, and a Flyway id", async () => {
    mkdirSync(join(folder, "secrets"), { recursive: true });
    writeFileSync(join(folder, "secrets", "pg"), "f1le/pw\n", { mode: 0o600 });
    const { target, config, redactor } = await load(
      good
        .replace("20261122_shop", "V1_2__shop")
        .replace("postgresql://app:${PASSWORD}", "postgresql://${NOBODY:-app}:${file:secrets/pg}"),
    );
    expect(config.migration).toBe("V1_2__shop");
    expect(target.server).toMatchObject({ user: "app", password: "f1le/pw" });
    expect(redactor.scrub("f1le/pw and f1le%2Fpw")).toBe("*** and ***");
  });

  it("lets a file without a password be read by all, and a secret under a closed mode be shared with a group", async () => {
    await expect(load(good, 0o644)).resolves.toBeDefined();
    writeFileSync(join(folder, "group"), "x1", { mode: 0o640 });
    chmodSync(join(folder, "group"), 0o640);
    await expect(load(good.replace("${PASSWORD}@127", "${file:group}@127"), 0o644)).resolves.toBeDefined();
  });

  it("lets TLS be off with two words", async () => {
    const { target } = await load(`${good}  tls: { mode: off, insecure: true }\n`);
    expect(target.tls).toEqual({ mode: "off" });
  });
});

const line =
  (text: string): ((file: string) => string) =>
  (file) =>
    file + text + "\n";
const swap =
  (from: string, to: string): ((file: string) => string) =>
  (file) =>
    file.replace(from, to);

/** What changes, the code, what the sentence says. */
const cases: readonly (readonly [
  name: string,
  change: (file: string) => string,
  code: string,
  words: RegExp,
])[] = [
  [
    "unknown key",
    line("souce: 1"),
    "config-invalid",
    /:6:1: "souce" is no known key\. Did you mean source\?/,
  ],
  [
    "unknown nested key",
    line("snapshot: { worker: 2 }"),
    "config-invalid",
    /:6:13: "worker" under snapshot.*Did you mean workers\?/,
  ],
  ["key in another place", line("rangeRows: 500"), "config-invalid", /It belongs to snapshot/],
  [
    "batch 99",
    line("apply: { batchRows: 99 }"),
    "config-invalid",
    /:6:21: apply.batchRows is 99, which is too small\. Allowed: a whole number from 100 to 100000/,
  ],
  ["batch 100001", line("apply: { batchRows: 100001 }"), "config-invalid", /is 100001, which is too large/],
  ["batch '1e3'", line('apply: { batchRows: "1e3" }'), "config-invalid", /is the text "1e3"/],
  ["batch 1e3", line("apply: { batchRows: 1e3 }"), "config-invalid", /is 1e3, not written in plain digits/],
  [
    "batch 0x400",
    line("apply: { batchRows: 0x400 }"),
    "config-invalid",
    /is 0x400, not written in plain digits/,
  ],
  ["batch -5", line("apply: { batchRows: -5 }"), "config-invalid", /is -5, a negative number/],
  ["batch 5.5", line("apply: { batchRows: 5.5 }"), "config-invalid", /is 5.5, no whole number/],
  ["range 99", line("snapshot: { rangeRows: 99 }"), "config-invalid", /snapshot.rangeRows is 99/],
  ["batch empty", line("apply: { batchRows: }"), "config-invalid", /apply.batchRows is empty/],
  [
    "workers without override",
    line("snapshot: { workers: 3 }"),
    "config-invalid",
    /:6:22: snapshot.workers is 3, more than the 2.*override/,
  ],
  [
    "override without a reason",
    line("overrides: [{ safeguard: workers-per-host, value: 4 }]"),
    "config-invalid",
    /overrides\[0\].reason is missing/,
  ],
  [
    "unknown safeguard",
    line("overrides: [{ safeguard: gates, value: 4, reason: because }]"),
    "config-invalid",
    /"gates"\. Allowed: workers-per-host/,
  ],
  [
    "migration with a path",
    swap("20261122_shop", "20261122_../../etc"),
    "config-invalid",
    /:1:12: migration is "20261122_..\/..\/etc"/,
  ],
  [
    "migration with 7 digits",
    swap("20261122_shop", "2026112_shop"),
    "config-invalid",
    /migration is "2026112_shop"/,
  ],
  [
    "migration with 15 digits",
    swap("20261122_shop", "202611221234567_shop"),
    "config-invalid",
    /migration is/,
  ],
  ["migration with a space", swap("20261122_shop", "20261122_my shop"), "config-invalid", /migration is/],
  [
    "migration a number",
    swap("20261122_shop", "20261122"),
    "config-invalid",
    /migration is the number 20261122/,
  ],
  [
    "migration missing",
    swap("migration: 20261122_shop", "names: keep"),
    "config-invalid",
    /:1:1: migration is missing/,
  ],
  [
    "environment",
    line("environment: prod"),
    "config-invalid",
    /"prod"\. Allowed: production, staging or development/,
  ],
  [
    "postgres://",
    swap("postgresql:", "postgres:"),
    "config-invalid",
    /:5:8: target.url is postgres:\/\/, which is spelled postgresql/,
  ],
  [
    "backtick in a URL",
    swap("127.0.0.1:3306/shop", "127.0.0.1:3306/sh`op"),
    "config-invalid",
    /:3:8: source.url is a URL with "`" in it/,
  ],
  ["URL without a database", swap("3306/shop", "3306/"), "config-invalid", /names no database/],
  ["a map for a URL", swap("  url: mysql", "  url:\n    at: mysql"), "config-invalid", /source.url is a map/],
  [
    "unknown name",
    swap("app:${PASSWORD}@127", "app:${NO_SUCH}@127"),
    "config-invalid",
    /:3:20: \$\{NO_SUCH\} is not set/,
  ],
  [
    "broken ${",
    swap("app:${PASSWORD}@127", "app:${PASS WORD}@127"),
    "config-invalid",
    /:3:20: This is none of \$\{NAME\}/,
  ],
  [
    "secret file missing",
    swap("${PASSWORD}@127", "${file:nowhere}@127"),
    "config-invalid",
    /\$\{file:nowhere\} cannot be read \(ENOENT\)/,
  ],
  [
    "schema reserved",
    line("  schema: user"),
    "config-invalid",
    /target.schema is "user", which is a reserved word/,
  ],
  ["schema ours", line("  schema: headgate"), "config-invalid", /belongs to Headgate/],
  ["schema with a quote", line(`  schema: 'a"; drop'`), "config-invalid", /target.schema is "a\\"; drop"/],
  [
    "two renamed to one",
    line("tables: { rename: { a: x, b: x } }"),
    "config-invalid",
    /tables.rename.b is "x", which "a" is renamed to as well/,
  ],
  [
    "renamed to a reserved word",
    line("tables: { rename: { o: order } }"),
    "config-invalid",
    /which is a reserved word/,
  ],
  [
    "table in two lanes",
    line("lanes: [[a], [b, a]]"),
    "config-invalid",
    /lanes\[1\]\[1\] is "a", which stands in a lane already/,
  ],
  ["lanes", line("lanes: many"), "config-invalid", /lanes is "many"\. Allowed: one, auto, or a list/],
  [
    "TLS off far away",
    line("  tls: { mode: off }"),
    "config-invalid",
    /target.tls.mode is off for db2.internal/,
  ],
  ["TLS word", line("  tls: { mode: require }"), "config-invalid", /"require"\. Allowed: verify-full or off/],
  [
    "CA missing",
    line("  tls: { ca: nowhere.pem }"),
    "config-invalid",
    /target.tls.ca is a file that cannot be read/,
  ],
  [
    "policy null without quotes",
    line("policies: [{ match: { table: a }, zeroDate: null }]"),
    "config-invalid",
    /zeroDate is empty\. Allowed: "null" in quotes/,
  ],
  [
    "policy misspelled",
    line("policies: [{ match: { table: a }, zerodate: refuse }]"),
    "config-invalid",
    /Did you mean zeroDate\?/,
  ],
  [
    "rule without an end",
    line("typemap: [{ match: { table: a } }]"),
    "config-invalid",
    /typemap\[0\].to is missing/,
  ],
  ["duplicate key", line("migration: 20261122_two"), "config-invalid", /:6:1: This key stands twice/],
  ["tab", line("tables:\n\tinclude: []"), "config-invalid", /tab|indentation/i],
  ["missing quote", line('names: "keep'), "config-invalid", /missing/],
  ["alias", line("names: &x keep\nlanes: *x"), "config-invalid", /Anchors|Aliases/],
  ["tag", line("names: !!js/function keep"), "config-invalid", /Tags are not part/],
  ["two documents", line("---\nmigration: 1"), "config-invalid", /more than one YAML document/],
  ["empty file", () => "# nothing\n", "config-invalid", /:1:1: The file is empty/],
  ["a list", () => "- a\n", "config-invalid", /The file is a list/],
  ["gates", line("gates: { backup: 1 }"), "not-built-yet", /:6:1: gates is set, but gates is not built yet/],
  [
    "the same server twice",
    swap("db2.internal:5432", "localhost:3306"),
    "same-server",
    /both at localhost:3306/,
  ],
  ["mongodb", swap("mysql:", "mongodb:"), "not-built-yet", /a mongodb:\/\/ source is not built yet/],
  [
    "a bad key of a part not built",
    line("cutover: { maxWritePause: soon }"),
    "config-invalid",
    /cutover.maxWritePause is "soon"\. Allowed: a time/,
  ],
];

describe("what is refused", () => {
  it.each(cases)("%s", async (_, change, code, words) => {
    const changed = change(good);
    expect(changed).not.toBe(good);
    const fault = await faultOf(changed);
    expect(fault.message).toMatch(words);
    expect([fault.code, fault.exit]).toEqual([code, 64]);
    expect(fault.message + fault.next + JSON.stringify(fault.facts)).not.toMatch(/c4nary/);
  });

  it("gives each mistake a sentence of its own", async () => {
    const sentences = await Promise.all(
      cases.map(async ([, change]) => (await faultOf(change(good))).message.replace(/^.*?\.yaml/u, "")),
    );
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it("tells all mistakes at once, in the file's order", async () => {
    const fault = await faultOf(`${good}names: upper\nsouce: 1\napply: { batchRows: 99 }\n`);
    expect(fault.message.split("\n").map((text) => /:(\d+):/u.exec(text)?.[1])).toEqual(["6", "7", "8"]);
    expect(fault.facts["problems"]).toBe(3);
  });

  it("names a missing file, and one that is no text", async () => {
    await expect(loadConfig(join(folder, "none.yaml"), env)).rejects.toMatchObject({
      code: "config-missing",
    });
    await expect(loadConfig(folder, env)).rejects.toMatchObject({ code: "config-invalid" });
    const file = write("");
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]));
    await expect(loadConfig(file, env)).rejects.toThrow(/not UTF-8/);
  });

  it("compares TARGET_DB and MIGRATION_ID", async () => {
    const file = write(good);
    const act = loadConfig(file, { ...env, TARGET_DB: "other" });
    await expect(act).rejects.toMatchObject({ code: "environment-mismatch", exit: 64 });
  });
});

describe("who may read secrets", () => {
  const literal = good.replace("${PASSWORD}@127", "c4nary@127");

  it.each([0o644, 0o640, 0o604, 0o620])(
    "a password in a file of mode %o is refused with the chmod",
    async (mode) => {
      const fault = await faultOf(literal, mode);
      expect([fault.code, fault.exit]).toEqual(["secrets-readable", 64]);
      expect(fault.next).toMatch(/^chmod 600 /);
      expect(fault.message).toMatch(/\.yaml:3:8: /);
      expect(fault.message).not.toMatch(/c4nary/);
    },
  );

  it("a default of ${NAME:-default} is written in the file too", async () => {
    expect((await faultOf(good.replace("${PASSWORD}@127", "${NONE:-c4nary}@127"), 0o644)).code).toBe(
      "secrets-readable",
    );
  });

  it("a file mode of 0600 is fine", async () => {
    expect((await load(literal, 0o600)).source.server.password).toBe("c4nary");
  });

  it("a secret file open to others is refused with the chmod", async () => {
    writeFileSync(join(folder, "open"), "c4nary");
    chmodSync(join(folder, "open"), 0o644);
    const fault = await faultOf(good.replace("${PASSWORD}@127", "${file:open}@127"));
    expect([fault.code, fault.exit]).toEqual(["secrets-readable", 64]);
    expect(fault.message).toMatch(/:3:20: The secret file open.*chmod o-rwx open/);
  });
});

describe("what is never echoed", () => {
  it.each([
    ["a password with a forbidden character", good.replace("${PASSWORD}@127", "c4nary$x@127")],
    ["a password with @", good.replace("${PASSWORD}@127", "c4n@c4nary@127")],
    ["a URL in the wrong place", `${good}names: mysql://a:c4nary@b/c\n`],
    ["a URL under an unknown key", `${good}urll: mysql://a:c4nary@b/c\n`],
    ["a filled-in name", `${good}names: \${PASSWORD}\n`],
    ["a broken line", `${good}admin: "mysql://a:c4nary@b/c\n`],
    ["a password without a host", good.replace("${PASSWORD}@127.0.0.1:3306/shop", "c4nary")],
  ])("%s", async (_, text) => {
    const fault = await faultOf(text);
    expect(fault.code).toBe("config-invalid");
    expect(`${fault.message}${fault.next}${JSON.stringify(fault.facts)}${fault.stack ?? ""}`).not.toMatch(
      /c4n/,
    );
  });
});
