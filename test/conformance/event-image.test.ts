/**
 * Values of every type, written to real servers and read back twice: by the copy's own SELECT, and out of Debezium's
 * events, as JSON without and with schemas and as Avro. Both go through the same codecs, and the bytes for PostgreSQL
 * must be the same: what is in doubt is taken from the row that was read again. Then what Debezium changes on the way,
 * each for real: known to be in doubt, or mapped back. HEADGATE_SEED repeats a run.
 */
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { generatedSettings } from "../../connectors/kafka/event-settings.js";
import { recordReader } from "../../connectors/kafka/record-reader.js";
import type { RecordReader } from "../../connectors/kafka/record.js";
import { schemaFetcher } from "../../connectors/kafka/registry.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import { serversAreNamed, testSources } from "../world/matrix.js";
import { sourceUrl } from "../world/source-database.js";
import { up } from "../world/stack/servers.js";
import { cases } from "./cases.js";
import { database, fill, literals, offered, planned, rowsAtOnce } from "./codec-world.js";
import { changedValues } from "./event-changed.js";
import { openLanes, probe, rowsOf, singlePlan } from "./event-world.js";
import type { EventWorld, RowRead } from "./event-world.js";
import { fieldReader, firstDifference, freshDatabase } from "./image-world.js";

const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
const gate = process.env["HEADGATE_GATE"] === "1";

/** Tables with such a column end Debezium's task, which cannot parse their statement. */
const unparsed: readonly string[] = ["INET4", "INET6"];

/** Extremes come first. */
const rows = gate ? rowsAtOnce : 120;

describe.each(gate || serversAreNamed ? testSources : (["mysql9"] as const))(
  "change events of %s",
  (name) => {
    const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";

    it(`give what the copy reads, type by type (seed ${seed})`, { timeout: 300_000 }, async () => {
      const servers = await up(["kafka", "connect", "registry"]);
      const world: EventWorld = {
        broker: servers.kafka.url,
        connect: servers.connect.url,
        registry: servers.registry.url,
      };
      const url = await sourceUrl(name);
      await using admin = await freshDatabase(url);
      const { driver } = admin;
      const meant = cases.filter(
        ({ ddl, engine: only }) => (only === undefined || only === engine) && !unparsed.includes(ddl),
      );
      const tried = await offered(driver, meant);
      await fill(driver, tried, literals(tried, seed).map(possible));
      await driver.query(`DELETE FROM t WHERE id >= ${rows}`);
      const table = await planned(url, tried);
      const changed = changedValues.filter((one) => one.engine === undefined || one.engine === engine);
      for (const [k, { ddl }] of changed.entries())
        await driver.query(`CREATE TABLE changed${k} (id INT PRIMARY KEY, c ${ddl})`);
      await driver.query(`CREATE TABLE ${probe} (id INT PRIMARY KEY AUTO_INCREMENT)`);
      const touch = (): Promise<unknown> => driver.query(`INSERT INTO ${probe} VALUES ()`);
      const source = { url, engine, database };
      await using open = await openLanes(
        world,
        source,
        ["t", ...changed.map((_, k) => `changed${k}`)],
        touch,
      );
      await driver.query("UPDATE t SET id = id + 1000 ORDER BY id");
      for (const [k, { value }] of changed.entries())
        await driver.query(`INSERT INTO changed${k} VALUES (1, ${value})`);

      const copied = await rowsOf(url, table, engine);
      const plans = await Promise.all(
        changed.map(({ target }, k) =>
          singlePlan(url, `changed${k}`, target, { zeroDate: "-infinity", enumZero: "keep" }),
        ),
      );
      for (const lane of open.lanes) {
        const values = await lane.values(2 * rows + changed.length);
        const records = recordReader({
          engine,
          settings: generatedSettings,
          fetchSchema: schemaFetcher(
            { url: world.registry, name: "the schema registry" },
            AbortSignal.timeout(60_000),
          ),
        });
        const problems = await differences(records, values.slice(0, 2 * rows), copied, table, engine);
        expect(problems.slice(0, 20), lane.form).toEqual([]);
        const found: string[] = [];
        const wanted: string[] = [];
        for (const [k, { ddl, value, doubt, avro }] of changed.entries()) {
          const event = values[2 * rows + k];
          const plan = plans[k];
          if (event === undefined || plan === undefined) throw new Error("an event is missing");
          const [row] = await rowsOf(url, plan, engine);
          if (row === undefined) throw new Error("a row is missing");
          const read = await readEvent(records, event, row, plan, engine);
          found.push(
            `${ddl} ${value}: ${read.difference ?? "equal"}, ${read.doubtful ? "in doubt" : "sure"}`,
          );
          const doubtful = doubt || (lane.form === "avro" && avro === true && read.doubtful);
          wanted.push(`${ddl} ${value}: equal, ${doubtful ? "in doubt" : "sure"}`);
        }
        expect(found, lane.form).toEqual(wanted);
      }
    });
  },
);

/** Dates that no calendar has end Debezium's task; its trace says so. */
function possible(values: readonly string[]): string[] {
  return values.map((value) => {
    const [, year, month, day] = /^'(\d{4})-(\d\d)-(\d\d)/.exec(value)?.map(Number) ?? [];
    if (year === undefined || month === undefined || day === undefined || month * day === 0) return value;
    const real = new Date(Date.UTC(2000 + (year % 400), month - 1, day));
    return real.getUTCDate() === day ? value : "NULL";
  });
}

/** The first differences of the events' images and the rows that were read. A key that changes is a delete and an insert. */
async function differences(
  records: RecordReader,
  events: readonly Buffer[],
  read: readonly RowRead[],
  table: PlanTable,
  engine: SourceEngine,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const [k, event] of events.entries()) {
    const row = read[k >> 1];
    if (row === undefined) throw new Error(`no row for event ${k}`);
    const { difference } = await readEvent(records, event, row, table, engine);
    if (difference !== null) found.add(`row ${k >> 1}: ${difference}`);
  }
  return [...found];
}

interface ReadEvent {
  readonly difference: string | null;
  readonly doubtful: boolean;
}

async function readEvent(
  records: RecordReader,
  event: Buffer,
  row: RowRead,
  table: PlanTable,
  engine: SourceEngine,
): Promise<ReadEvent> {
  const waits = records.prepare(event);
  if (waits !== null) await waits;
  const record = records.record(event);
  if (record.table !== table.source) throw new Error(`an event of ${record.table}, not of ${table.source}`);
  const images = records.images(record, table);
  const [start, end] =
    record.op === "d" ? [record.before, record.beforeEnd] : [record.after, record.afterEnd];
  const packet = row.packet(images.doubtful);
  const doubtful = images.again(event, start, end);
  const out = Buffer.alloc(end - start + packet.length + 16);
  const again = doubtful ? { packet, start: 0, end: packet.length } : null;
  const patched = images.patch(out, 0, event, start, end, again);
  const fields = fieldReader(table, engine)(images.patched, out, 0, patched);
  const withoutKey = { ...table, columns: table.columns.slice(1) };
  return { difference: firstDifference(withoutKey, fields.slice(1), row.fields.slice(1)), doubtful };
}
