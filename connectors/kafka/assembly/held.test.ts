/**
 * Changes that are held while rows are read again: in their order, each with the row of its key, however the source's
 * answers and the next changes overlap; and nothing once the reading is over.
 */
import { describe, expect, it } from "vitest";
import type { ChangeSink, RereadSource } from "../../../src/stream-port.js";
import type { Position } from "../../../src/model.js";
import { planColumn, planTable, prefixed, row } from "../../../src/typemap/column.fixture.js";
import { envelope } from "../event.fixture.js";
import { generatedSettings } from "../event-settings.js";
import { recordReader } from "../record-reader.js";
import type { Change } from "./change.js";
import { Held } from "./held.js";

const table = planTable(
  [planColumn("int", "integer", {}, [], "id"), planColumn("json", "jsonb", {}, [], "doc")],
  ["id"],
);
const reader = recordReader({ engine: "mysql", settings: generatedSettings, fetchSchema: null });

/** An insert; its document is in doubt unless it is null. */
function change(id: number, doc: string | null): Change {
  const value = Buffer.from(
    envelope({
      after: [
        ["id", String(id)],
        ["doc", doc === null ? "null" : JSON.stringify(doc)],
      ],
    }),
  );
  const record = reader.record(value);
  const { after, afterEnd } = record;
  const images = reader.images(record, table);
  return { images, operation: "insert", value, before: after, beforeEnd: after, after, afterEnd };
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** Answers questions one by one, as often as it is told to. */
class Rereading implements RereadSource {
  readonly asked: string[][] = [];
  readonly signals: AbortSignal[] = [];
  readonly #gone: ReadonlySet<number>;
  #answers: (() => void)[] = [];
  #ready = 0;

  constructor(gone: readonly number[] = []) {
    this.#gone = new Set(gone);
  }

  async seen(_: Position, signal: AbortSignal): Promise<void> {
    this.signals.push(signal);
    if (this.#ready > 0) {
      this.#ready -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#answers.push(resolve);
      signal.addEventListener("abort", () => {
        reject(new Error("the question was given up"));
      });
    });
  }

  read: RereadSource["read"] = ({ keys }, sink) => {
    const ids = (keys?.texts ?? []).map(([id = ""]) => id);
    this.asked.push(ids);
    for (const id of ids) {
      if (this.#gone.has(Number(id))) continue;
      const packet = row([int4(Number(id)), prefixed(`{"read": ${id}}`)]);
      sink.row(packet, 0, packet.length);
    }
    return Promise.resolve({ rows: ids.length });
  };

  /** Answers what was asked first, or else what is asked next. */
  answer(): void {
    const answer = this.#answers.shift();
    if (answer === undefined) this.#ready += 1;
    else answer();
  }
}

/** What it is told, as texts. */
class Told implements ChangeSink {
  readonly calls: string[] = [];
  begin: ChangeSink["begin"] = () => void this.calls.push("begin");
  wants = (): boolean => true;
  change: ChangeSink["change"] = (images, operation, bytes, _before, _beforeEnd, after, afterEnd) => {
    images.reader([0, 1]).read(bytes, after, afterEnd, (packet, start, end) => {
      const isNull = ((packet[start + 1] ?? 0) & (1 << 3)) !== 0;
      const doc = isNull ? "NULL" : packet.toString("utf8", start + 7, end);
      this.calls.push(`${operation} ${String(packet.readInt32LE(start + 2))} ${doc}`);
    });
  };
  truncate: ChangeSink["truncate"] = () => void this.calls.push("truncate");
  endsUnseen = (): void => undefined;
  marker: ChangeSink["marker"] = (_, id) => void this.calls.push(`marker ${id}`);
  commit: ChangeSink["commit"] = () => void this.calls.push("commit");
  schemaChange = (): void => undefined;
  idle = (): void => undefined;
  full = (): boolean => false;
  drained = async (): Promise<void> => Promise.resolve();
}

const position: Position = { kind: "gtid", set: "", file: "binlog.000001", offset: "4" };

function holding(reread: RereadSource): { readonly held: Held; readonly told: Told } {
  const told = new Told();
  const held = new Held({
    sink: told,
    reread,
    engine: "mysql",
    present: () => position,
    signal: new AbortController().signal,
    onCount: () => undefined,
    turn: async () => Promise.resolve(),
  });
  return { held, told };
}

/** More than one question is asked about. */
const many = 5_000;
const read = (id: number): string => `insert ${String(id)} {"read": ${String(id)}}`;
const ids = (first: number, count: number): number[] => Array.from({ length: count }, (_, k) => first + k);

describe("changes that are held", () => {
  it("come in their order while the source is asked about some and the next ones are collected", async () => {
    const source = new Rereading();
    const { held, told } = holding(source);
    held.change(change(-1, null));
    expect(told.calls).toEqual(["insert -1 NULL"]);
    for (const id of ids(0, many)) held.change(change(id, "{}"));
    // Asks about them, and does not wait for the answer.
    await held.settle();
    held.change(change(-2, null));
    held.truncate(table);
    held.commit(() => position);
    for (const id of ids(many, many)) held.change(change(id, "{}"));
    expect(told.calls).toHaveLength(1);
    source.answer();
    // Waits for the first answer, and asks about the second ones.
    await held.settle();
    const first = ["insert -1 NULL", ...ids(0, many).map(read)];
    expect(told.calls).toEqual(first);
    held.marker("main", "7", "note");
    source.answer();
    await held.flush();
    expect(told.calls).toEqual([
      ...first,
      ...["insert -2 NULL", "truncate", "commit"],
      ...ids(many, many).map(read),
      "marker 7",
    ]);
    expect(source.asked.flat()).toEqual(ids(0, 2 * many).map(String));
    // Nothing is held any more.
    held.change(change(-3, null));
    expect(told.calls.at(-1)).toBe("insert -3 NULL");
  });

  it("keep the value as it came where the row is gone, and ask once for a key that changes twice", async () => {
    const source = new Rereading([2]);
    const { held, told } = holding(source);
    for (const id of [1, 2, 1]) held.change(change(id, '{"came":1}'));
    source.answer();
    await held.flush();
    expect(source.asked).toEqual([["1", "2"]]);
    expect(told.calls).toEqual([read(1), 'insert 2 {"came":1}', read(1)]);
  });

  it("tell whoever waits for the answer what went wrong with the question", async () => {
    const failing: RereadSource = {
      seen: async () => Promise.reject(new Error("the source is gone")),
      read: async () => Promise.resolve({ rows: 0 }),
    };
    const { held, told } = holding(failing);
    for (const id of ids(0, many)) held.change(change(id, "{}"));
    await held.settle();
    await expect(held.flush()).rejects.toThrow("the source is gone");
    expect(told.calls).toEqual([]);
  });

  it("are forgotten when the reading ends, and nobody is asked any more", async () => {
    const source = new Rereading();
    const { held, told } = holding(source);
    for (const id of ids(0, many)) held.change(change(id, "{}"));
    await held.settle();
    expect(source.signals.map(({ aborted }) => aborted)).toEqual([false]);
    await held[Symbol.asyncDispose]();
    expect(source.signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(told.calls).toEqual([]);
  });
});
