/**
 * The plumbing of the event tests: connectors over the stack's Kafka and Connect, one a form, all of one database, and
 * the values of their lane's topic as they are.
 */
import { openConnect } from "../../connectors/kafka/connect.js";
import { connectorConfig } from "../../connectors/kafka/connector-config.js";
import type { ConverterChoice } from "../../connectors/kafka/connector-config.js";
import { openKafkaClient } from "../../connectors/kafka/kafka-client.js";
import type { TopicClient } from "../../connectors/kafka/topic.js";
import { laneTopic } from "../../connectors/kafka/topic-names.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { ColumnPolicy, PlanTable, SourceEngine } from "../../src/model.js";
import { row, strict } from "../../src/typemap/column.fixture.js";
import { codecOf } from "../../src/typemap/compile.js";
import { cellsOf } from "../../src/typemap/row.js";
import { optionsOf } from "./codec-world.js";
import { fieldReader } from "./image-world.js";
import type { Fields } from "./image-world.js";

export const eventForms = ["json", "schemas", "avro"] as const;
export type EventForm = (typeof eventForms)[number];

export interface EventWorld {
  readonly broker: string;
  readonly connect: string;
  readonly registry: string;
}

export interface Lane extends AsyncDisposable {
  readonly form: EventForm;
  /** The values of the lane's first so many records; fails after a minute without them. */
  values(count: number): Promise<readonly Buffer[]>;
}

/** A table beside the others: its events show that a connector has begun. */
export const probe = "headgate_probe";

/**
 * Registers a connector of tables that are there already, `probe` among them, and returns when what `touch` writes there
 * comes out of it: a task that runs need not have begun.
 */
export async function openLane(
  world: EventWorld,
  form: EventForm,
  source: { readonly url: string; readonly engine: SourceEngine; readonly database: string },
  tables: readonly string[],
  touch: () => Promise<unknown>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Lane> {
  const { hostname, port, username, password } = new URL(source.url);
  const prefix = `ev_${source.engine}_${form}_${Date.now().toString(36)}`;
  const signal = AbortSignal.timeout(120_000);
  const connect = openConnect({ server: { url: world.connect }, signal });
  const config = connectorConfig({
    engine: source.engine,
    prefix,
    source: {
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      tls: false,
      database: source.database,
    },
    tables: [...tables, probe].map((table) => ({ source: table, lane: "one" })),
    lanes: ["one"],
    brokers: [world.broker],
    security: { tls: false, ca: null, sasl: null },
    converter: converterOf(form, world.registry),
    exactlyOnce: false,
    heartbeats: [],
  });
  await connect.put(prefix, { ...config, ...settings });
  const topic = laneTopic(prefix, "one");
  await using client = clientOf(world.broker, prefix);
  for (;;) {
    await touch();
    const [state] = await client.lanes([topic]);
    if (state !== undefined && state.high > 0n) break;
    const task = (await connect.status(prefix))?.tasks[0];
    if (task?.state === "FAILED") throw new Error(task.trace.slice(0, 2000));
    signal.throwIfAborted();
  }
  return {
    form,
    values: async (count) => {
      const trace = async (): Promise<string> => (await connect.status(prefix))?.tasks[0]?.trace ?? "";
      const found = await firstValues(world.broker, topic, count, async () => (await trace()) !== "");
      if (found.length < count)
        throw new Error(
          `${form}: ${found.length} of ${count} records came. ${(await trace()).slice(0, 2000)}`,
        );
      return found;
    },
    [Symbol.asyncDispose]: () => connect.remove(prefix),
  };
}

/** One of each form. */
export async function openLanes(
  ...opening: Parameters<typeof openLane> extends [infer World, EventForm, ...infer Rest]
    ? [World, ...Rest]
    : never
): Promise<AsyncDisposable & { readonly lanes: readonly Lane[] }> {
  const [world, ...rest] = opening;
  const opened = await Promise.allSettled(eventForms.map((form) => openLane(world, form, ...rest)));
  const lanes = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const close = async (): Promise<void> => {
    for (const lane of lanes) await lane[Symbol.asyncDispose]();
  };
  const failed = opened.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return { lanes, [Symbol.asyncDispose]: close };
}

function converterOf(form: EventForm, registry: string): ConverterChoice {
  if (form === "avro") return { kind: "apicurio", registry };
  return { kind: "json", schemas: form === "schemas" };
}

async function firstValues(
  broker: string,
  topic: string,
  count: number,
  failed: () => Promise<boolean>,
): Promise<readonly Buffer[]> {
  const signal = AbortSignal.timeout(60_000);
  await using client = clientOf(broker, topic);
  await using reading = await client.read([{ topic, offset: 0n }], signal);
  const queue = reading.queue(topic);
  const values: Buffer[] = [];
  while (values.length < count) {
    while (queue.head !== null && values.length < count) {
      if (queue.head.value?.includes(probe) === false) values.push(queue.head.value);
      queue.take();
    }
    if (values.length === count || (queue.head === null && (await failed()))) break;
    await reading.arrived(1000, signal);
  }
  return values;
}

function clientOf(broker: string, name: string): TopicClient {
  return openKafkaClient({
    endpoint: {
      brokers: [broker],
      encrypted: false,
      ca: null,
      sasl: null,
      connect: null,
      registry: null,
      format: "json",
      prefix: name,
    },
    migration: name,
    token: "test",
    now: Date.now,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}

/** A row as the copy reads it. */
export interface RowRead {
  readonly fields: Fields;
  /** A row of these columns alone. */
  packet(places: readonly number[]): Buffer;
}

/** The rows of a table in the order of its key. */
export async function rowsOf(url: string, table: PlanTable, engine: SourceEngine): Promise<RowRead[]> {
  const codecs = table.columns.map((column) => codecOf(column, engine));
  const select = codecs.map((codec, place) => codec.select("`" + (table.columns[place]?.source ?? "") + "`"));
  await using source = await openMysql(optionsOf(url));
  await using reader = await source.reader(2);
  if (reader === null) throw new Error("the source has no reader");
  const rows: RowRead[] = [];
  const fields = fieldReader(table, engine);
  await reader.read(
    { table: table.source, select, key: table.key, range: null, ordered: true },
    {
      row: (packet, start, end) => {
        const own = Buffer.from(packet.subarray(start, end));
        const cells = cellsOf(codecs, own, 0, own.length);
        rows.push({
          fields: fields(
            { reader: () => ({ read: (_bytes, _start, _end, hand) => hand(own, 0, own.length) }) },
            own,
            0,
            0,
          ),
          packet: (places) => row(places.map((place) => cells[place] ?? null)),
        });
      },
      full: () => false,
      drained: () => Promise.resolve(),
    },
    new AbortController().signal,
  );
  return rows;
}

/** A plan of a table with a key and one column. */
export async function singlePlan(
  url: string,
  name: string,
  target: string,
  policy: Partial<ColumnPolicy>,
): Promise<PlanTable> {
  await using source = await openMysql(optionsOf(url));
  const { tables } = await source.catalogue(new AbortController().signal);
  const columns = tables.find((table) => table.name === name)?.columns ?? [];
  return {
    source: name,
    target: name,
    lane: "one",
    key: { index: "PRIMARY", columns: ["id"], primary: true },
    columns: columns.map((column, place) => ({
      column,
      source: column.name,
      target: column.name,
      sourceType: column.columnType,
      targetType: place === 0 ? "integer" : target,
      rule: "test",
      nullable: column.nullable,
      policy: { ...strict, ...policy },
      identity: null,
    })),
    estimatedRows: 1,
    estimatedBytes: 0,
    exactCut: false,
  };
}
