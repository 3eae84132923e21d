/**
 * `npm run bench -- feed [--scale 1] [--rounds 3]`: reading the source's log and decoding every image of every change
 * into PostgreSQL's binary tuples, in transactions of 500 rows and of one, on MySQL 9.7 with checksums. CPU is of this
 * process and of reading alone, so that figures of a shared machine can be compared. The tuples are counted and dropped.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Plan, Position } from "../../src/model.js";
import type {
  ChangeFeed,
  ChangeOperation,
  ChangeSink,
  ImageReader,
  RowImages,
} from "../../src/stream-port.js";
import { Projection } from "../../src/stream/projection.js";
import { codecOf } from "../../src/typemap/compile.js";
import { planOf } from "../../test/conformance/feed-recorder.js";
import { sourceDatabase } from "../../test/world/source-database.js";
import type { SourceDatabase } from "../../test/world/source-database.js";
import { readByZongji } from "./zongji.js";

export interface FeedOptions {
  readonly scale: number;
  readonly rounds: number;
}

interface Workload {
  readonly name: string;
  readonly goal: number;
  readonly changes: number;
  readonly fill: (database: SourceDatabase, changes: number) => Promise<void>;
}

const never = new AbortController().signal;

export async function feed({ scale, rounds }: FeedOptions): Promise<void> {
  await using database = await sourceDatabase("headgate_bench_feed", "mysql9");
  await using source = await openMysql(database.options);
  const lines: string[] = [];
  for (const { name, goal, changes, fill } of workloads(scale)) {
    await database.sql("DROP TABLE IF EXISTS big");
    await database.sql(tableSql);
    const plan = await planOf(database.options);
    const from = await source.position();
    await fill(database, changes);
    await using opened = await source.feed(plan);
    const figures: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const walked = await read(opened, from, new Walking());
      const decoded = await read(opened, from, new Decoding(plan));
      const peer = await measured(async () => {
        await readByZongji(database.options, from, decoded.changes);
        return decoded.changes;
      });
      figures.push(
        `| ${name} | ${String(decoded.changes)} | ${rate(walked)} | ${rate(decoded)} | ${String(goal)} | ${rate(peer)} | ${wall(decoded)} | ${wall(peer)} |`,
      );
      process.stderr.write(`${figures.at(-1) ?? ""}\n`);
    }
    lines.push(...figures);
  }
  const report = [
    "# bench: feed",
    "",
    `${new Date().toISOString().slice(0, 10)}; ${String(cpus().length)} cores, Node ${process.version}, MySQL 9.7, loopback without TLS, CRC32 checked. One line a round.`,
    "In thousands of changes per CPU-second of this process; decoded: every image, both of an update, as a PostgreSQL tuple.",
    "Beside it `@vlasky/zongji` 0.9.0 over the same changes, which ends in JavaScript objects.",
    "",
    "| transactions | changes | read and walked | decoded | goal | zongji | decoded, thousands a second of wall | zongji, the same |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/feed.md", report);
  process.stdout.write(report);
}

interface Measured {
  readonly changes: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

const read = (opened: ChangeFeed, from: Position, sink: Walking): Promise<Measured> =>
  measured(async () => {
    await opened.read([from], sink, { untilEnd: true, signal: never });
    return sink.changes;
  });

/** `act` returns the number of changes that it has read. */
async function measured(act: () => Promise<number>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const changes = await act();
  const { user, system } = process.cpuUsage(cpu);
  return {
    changes,
    cpuSeconds: (user + system) / 1e6,
    seconds: (performance.now() - begun) / 1000,
  };
}

const rate = ({ changes, cpuSeconds }: Measured): string => (changes / cpuSeconds / 1000).toFixed(0);
const wall = ({ changes, seconds }: Measured): string => (changes / seconds / 1000).toFixed(0);

/** Takes everything and looks at nothing. */
class Walking implements ChangeSink {
  changes = 0;
  imageBytes = 0;
  begin(): void {
    return;
  }
  endsUnseen(): void {
    return;
  }
  wants(): boolean {
    return true;
  }
  change(
    _images: RowImages,
    _operation: ChangeOperation,
    _bytes: Buffer,
    before: number,
    beforeEnd: number,
    after: number,
    afterEnd: number,
  ): void {
    this.changes++;
    this.imageBytes += beforeEnd - before + afterEnd - after;
  }
  truncate(): void {
    return;
  }
  marker(): void {
    return;
  }
  commit(): void {
    return;
  }
  schemaChange(): void {
    return;
  }
  idle(): void {
    return;
  }
  full(): boolean {
    return false;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
}

class Decoding extends Walking {
  readonly #whole: Projection;
  readonly #places: readonly number[];
  #images: RowImages | undefined;
  #reader: ImageReader | undefined;
  bytes = 0;

  constructor(plan: Plan) {
    super();
    const [table] = plan.tables;
    if (table === undefined) throw new Error("no table");
    this.#places = table.columns.map((_, i) => i);
    this.#whole = new Projection(
      table,
      table.columns.map((column) => codecOf(column, "mysql").cell),
      this.#places,
    );
  }

  override change(...change: Parameters<ChangeSink["change"]>): void {
    const [images, , bytes, before, beforeEnd, after, afterEnd] = change;
    this.changes++;
    if (images !== this.#images || this.#reader === undefined) {
      this.#images = images;
      this.#reader = images.reader(this.#places);
    }
    if (before < beforeEnd) this.#take(this.#reader, bytes, before, beforeEnd);
    if (after < afterEnd) this.#take(this.#reader, bytes, after, afterEnd);
  }

  #take(reader: ImageReader, bytes: Buffer, start: number, end: number): void {
    this.#whole.read(reader, bytes, start, end);
    this.bytes += this.#whole.out.at;
  }
}

const tableSql =
  "CREATE TABLE big (id bigint unsigned PRIMARY KEY, name varchar(60) NOT NULL, status enum('new', 'paid', 'a,b') NOT NULL, " +
  "flag tinyint(1) NOT NULL, created datetime(6) NOT NULL, seen timestamp(3) NOT NULL, price decimal(12,2) NOT NULL, doc json NOT NULL, note text, x double NOT NULL)";

const row = (id: string): string =>
  `SELECT ${id}, CONCAT('name ', ${id}, ' 😀'), 1 + ${id} % 3, ${id} % 2, '2020-01-01' + INTERVAL ${id} * 7919 MICROSECOND, ` +
  `'2020-01-01' + INTERVAL ${id} SECOND, ${id} / 100, JSON_OBJECT('id', ${id}, 'price', ${id} / 8, 'tags', JSON_ARRAY('alpha', 'beta', 1.5, TRUE, NULL), ` +
  `'nested', JSON_OBJECT('a', ${id}, 'text', 'some text of a certain length')), IF(${id} % 3 = 0, NULL, CONCAT('a note about ', ${id})), ${id} / 7`;

/** Of each 26 changes 13 are inserts, 8 updates, 5 deletes of single rows or of 500. */
function workloads(scale: number): readonly Workload[] {
  return [
    { name: "of 500 rows", goal: 150, changes: Math.round(350_000 * scale), fill: many },
    { name: "of one row", goal: 100, changes: Math.round(150_000 * scale), fill: single },
  ];
}

async function many(database: SourceDatabase, changes: number): Promise<void> {
  const inserts = Math.floor(changes / 2 / 500) * 500;
  await database.sql("SET SESSION cte_max_recursion_depth = 1000000");
  const between = (first: number): string => `id >= ${String(first)} AND id < ${String(first + 500)}`;
  for (let id = 0; id < inserts; id += 500)
    await database.sql(
      `INSERT INTO big WITH RECURSIVE n (i) AS (SELECT ${String(id)} UNION ALL SELECT i + 1 FROM n WHERE i < ${String(id + 499)}) ${row("i")} FROM n`,
    );
  for (let id = 0; id < inserts * 0.62; id += 500)
    await database.sql(
      `UPDATE big SET price = price + 1, name = CONCAT(name, '!'), x = x * 1.1 WHERE ${between(id)}`,
    );
  for (let id = 0; id < inserts * 0.38; id += 500) await database.sql(`DELETE FROM big WHERE ${between(id)}`);
}

/** In the server, one transaction a statement: a client would be the limit. */
async function single(database: SourceDatabase, changes: number): Promise<void> {
  const inserts = Math.floor(changes / 2);
  await database.sql("DROP PROCEDURE IF EXISTS fill");
  await database.sql(
    `CREATE PROCEDURE fill () BEGIN DECLARE i int DEFAULT 0;
     WHILE i < ${String(inserts)} DO INSERT INTO big ${row("i")}; SET i = i + 1; END WHILE;
     SET i = 0; WHILE i < ${String(Math.floor(inserts * 0.62))} DO UPDATE big SET price = price + 1, name = CONCAT(name, '!') WHERE id = i; SET i = i + 1; END WHILE;
     SET i = 0; WHILE i < ${String(Math.floor(inserts * 0.38))} DO DELETE FROM big WHERE id = i; SET i = i + 1; END WHILE; END`,
  );
  await database.sql("CALL fill()");
  await database.sql("DROP PROCEDURE fill");
}
