/**
 * The reader under TLS, where bytes do not land in our buffer but are copied there: the same rows, a 40 MB value, a
 * paused socket; and a certificate that nobody vouches for is refused. The server gets a certificate of ours for
 * the length of the test. MySQL only: MariaDB takes a new certificate at its start alone.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openBinlogFeed } from "../../connectors/mysql/binlog/feed.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { openReading, WireReader } from "../../connectors/mysql/read.js";
import { openMysql } from "../../connectors/mysql/source.js";
import { lengthAt } from "../../connectors/mysql/wire/packets.js";
import { ownServer, testSources } from "../world/matrix.js";
import { planOf, Recorder, Stopping } from "./feed-recorder.js";
import { openSink, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const program = "openssl";
const missing =
  ownServer("SOURCE") !== undefined
    ? "the certificate of one's own server is not ours to change"
    : testSources[0] !== "mysql9"
      ? "only MySQL 9 takes a new certificate while it runs"
      : spawnSync(program, ["version"]).status === 0
        ? null
        : "no openssl on PATH to make certificates with";
const never = new AbortController().signal;
const settings = ["ssl_ca", "ssl_cert", "ssl_key"] as const;
let one: TestSource;
let folder: string;
let ca: string;
let before: readonly string[];

beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

beforeAll(async () => {
  if (missing !== null) return;
  const all = await sources("read_tls");
  one = all[0]!;
  for (const other of all.slice(1)) await other.admin.end();
  folder = realpathSync(mkdtempSync(join(tmpdir(), "headgate-tls-")));
  chmodSync(folder, 0o755);
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "2",
    "-subj",
    "/CN=headgate test ca",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  ca = readFileSync(join(folder, "ca.pem"), "utf8");
  const [row] = await one.admin.query({
    sql: `SELECT ${settings.map((s) => `@@${s}`).join(", ")}`,
    rowsAsArray: true,
  });
  before = (row as string[][])[0]!;
  await certificate(issue("DNS:localhost,IP:127.0.0.1"));
});

afterAll(async () => {
  if (missing !== null) return;
  await certificate(before);
  await one.admin.end();
  rmSync(folder, { recursive: true });
});

const newKey = ["-newkey", "rsa:2048", "-nodes"];

function openssl(...args: string[]): void {
  execFileSync(program, args, { cwd: folder, stdio: "pipe" });
}

/** A certificate of our authority for these names; the server's account can read it. */
function issue(names: string): readonly string[] {
  openssl("req", ...newKey, "-subj", "/CN=somebody", "-keyout", "server.key", "-out", "server.csr");
  writeFileSync(join(folder, "names"), `subjectAltName=${names}\n`);
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "server.csr", ...signed, "-out", "server.pem");
  chmodSync(join(folder, "server.key"), 0o644);
  return ["ca.pem", "server.pem", "server.key"].map((file) => join(folder, file));
}

async function certificate(files: readonly string[]): Promise<void> {
  const set = settings.map((name, i) => `GLOBAL ${name} = '${files[i] ?? ""}'`).join(", ");
  await one.admin.query(`SET ${set}; ALTER INSTANCE RELOAD TLS`);
}

describe("TLS", () => {
  it("reads the same rows, a large value among them, and pauses", async () => {
    await one.admin.query("CREATE TABLE t (id int primary key auto_increment, v longblob)");
    await one.admin.query("INSERT INTO t (v) VALUES (REPEAT('a', 900)), (REPEAT(x'00ff41', 14000000))");
    for (let i = 0; i < 12; i++)
      await one.admin.query("INSERT INTO t (v) SELECT v FROM t WHERE id = 1 OR LENGTH(v) < 1000");
    await using wire = await openReading({
      ...one.options,
      host: "localhost",
      tls: { mode: "verify-full", ca },
    });
    expect((await wire.query("SHOW SESSION STATUS LIKE 'Ssl_version'"))[0]?.[1]).toMatch(/^TLSv1\.[23]$/u);
    const sum = createHash("sha256");
    let taken = 0;
    const { rows } = await new WireReader(wire, one.options).read(
      {
        table: "t",
        select: ["id", "v"],
        key: { index: "PRIMARY", columns: ["id"], primary: true },
        range: null,
        ordered: true,
      },
      {
        row: (packet, start, end) => {
          const { value, next } = lengthAt(packet, start + 6);
          expect(next + value).toBe(end);
          sum.update(createHash("sha256").update(packet.subarray(next, end)).digest("hex"));
          taken++;
        },
        full: () => true,
        drained: () => new Promise((resolve) => setImmediate(resolve)),
      },
      never,
    );
    const [hashes] = await one.admin.query("SELECT SHA2(v, 256) h FROM t ORDER BY id");
    const expected = createHash("sha256");
    for (const { h } of hashes as { h: string }[]) expected.update(h);
    expect(rows).toBe((hashes as unknown[]).length);
    expect(taken).toBe(rows);
    expect(sum.digest("hex")).toBe(expected.digest("hex"));
    expect(wire.bufferSize).toBe(1 << 20);
  });

  it("dumps the log over it: every byte, a large row among them, a sink that stops again and again", async () => {
    await one.admin.query("CREATE TABLE log (id int primary key, v longblob)");
    const plan = await planOf(one.options);
    const server = { ...one.options, host: "localhost", tls: { mode: "verify-full", ca } } as const;
    await using source = await openMysql(server);
    const from = await source.position();
    for (const [id, size] of [10, 20_000_000, 300_000, 10].entries())
      await one.admin.query(
        `INSERT INTO log VALUES (${String(id)}, REPEAT(x'00ff41', ${String(size / 10)}))`,
      );
    const values = Array.from(
      { length: 500 },
      (_, id) => `(${String(100 + id)}, REPEAT('${String(id)}', 300))`,
    );
    await one.admin.query(`INSERT INTO log VALUES ${values.join()}`);
    await one.admin.query("UPDATE log SET v = CONCAT(v, 'x') WHERE id < 400");
    const hashed = (sink: Recorder): string => createHash("sha256").update(sink.story.join()).digest("hex");
    const hash: Recorder["tell"] = (_images, bytes, start, end) =>
      createHash("sha256").update(bytes.subarray(start, end)).digest("hex");
    const read = async (options: MysqlOptions, sink: Recorder): Promise<Recorder> => {
      await using feed = await openBinlogFeed({ server: options, plan });
      await feed.read([from], sink, { untilEnd: true, signal: never });
      return sink;
    };
    const plain = await read(one.options, new Recorder(hash));
    const stopping = new Stopping(hash);
    const over = await read(server, stopping);
    expect(plain.story.length).toBeGreaterThan(500 + 4 + 304);
    expect(hashed(over)).toBe(hashed(plain));
    expect(over.positions).toEqual(plain.positions);
    expect(stopping.stops).toBeGreaterThan(100);
    await expect(read({ ...server, tls: { mode: "verify-full" } }, new Recorder())).rejects.toMatchObject({
      code: "tls-refused",
    });
  });

  it("refuses a certificate that nobody vouches for, before any password is sent", async () => {
    const options = { ...one.options, host: "localhost", tls: { mode: "verify-full" } as const };
    await expect(openReading(options)).rejects.toMatchObject({ code: "tls-refused" });
    await expect(openMysql(options)).rejects.toMatchObject({ code: "tls-refused" });
  });

  it.each([
    ["DNS:localhost", ["localhost"], ["127.0.0.1"]],
    ["IP:127.0.0.1", ["127.0.0.1"], ["localhost"]],
    ["DNS:db.example.org", [], ["localhost", "127.0.0.1"]],
  ])("a certificate for %s is one for %j and not for %j", async (names, good, bad) => {
    await certificate(issue(names));
    const tls = { mode: "verify-full", ca } as const;
    const query = { table: "t", select: ["id"], key: null, range: null, ordered: false };
    for (const host of good) {
      await using reader = new WireReader(await openReading({ ...one.options, host, tls }), one.options);
      const any = openSink(() => undefined);
      await expect(reader.read(query, any, never), host).resolves.toBeDefined();
      // The connection of small statements is another one, and it sends the password too.
      await using source = await openMysql({ ...one.options, host, tls });
      await expect(source.facts(), host).resolves.toMatchObject({ engine: "mysql" });
    }
    for (const host of bad)
      for (const open of [openReading, openMysql])
        await expect(open({ ...one.options, host, tls }), host).rejects.toMatchObject({
          code: "tls-refused",
        });
  });
});
