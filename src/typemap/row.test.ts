/**
 * The row encoder without a server: the stream's frame, buffers that are handed over, reused and outgrown, counts,
 * and what a person reads when a value is refused. That the values are right is codec.test.ts's matter, on real servers.
 */
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { ByteSink } from "../port.js";
import { int64, planColumn, planTable, prefixed, row } from "./column.fixture.js";
import { poolBytes } from "./output.js";
import { rowEncoder } from "./row.js";
import type { EncodedRows } from "./row.js";

class Kept implements ByteSink {
  readonly pieces: Buffer[] = [];
  readonly seen = new Set<ArrayBufferLike>();
  readonly #release: (() => void)[] = [];
  answer = true;

  write(bytes: Buffer, released: () => void): boolean {
    this.pieces.push(Buffer.from(bytes));
    this.seen.add(bytes.buffer);
    this.#release.push(released);
    return this.answer;
  }

  releaseAll(): void {
    for (const release of this.#release.splice(0)) release();
  }

  async drained(): Promise<void> {
    await Promise.resolve();
  }

  get all(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

function encode(table: PlanTable, rows: readonly Buffer[]): { sink: Kept; done: EncodedRows } {
  const sink = new Kept();
  const encoder = rowEncoder(table, "mysql", sink);
  for (const packet of rows) {
    encoder.row(packet, 0, packet.length);
    sink.releaseAll();
  }
  return { sink, done: encoder.finish() };
}

function fault(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const idText = planTable(
  [planColumn("bigint", "bigint", {}, [], "id"), planColumn("text", "text", {}, [], "note")],
  ["id"],
);

describe("a row encoder", () => {
  it("frames rows as binary COPY", () => {
    const { sink, done } = encode(idText, [row([int64(-2n), prefixed("é")]), row([int64(7n), null])]);
    expect(sink.all.toString("hex")).toBe(
      "5047434f50590aff0d0a000000000000000000" +
        "0002" +
        "00000008" +
        "fffffffffffffffe" +
        "00000002" +
        "c3a9" +
        "0002" +
        "00000008" +
        "0000000000000007" +
        "ffffffff" +
        "ffff",
    );
    expect(done).toEqual({ rows: 2, bytes: sink.all.length, policies: [] });
  });

  it("ends an empty stream", () => {
    expect(encode(idText, []).sink.all.length).toBe(21);
  });

  it("reads rows inside a packet buffer at any offset", () => {
    const one = row([int64(1n), prefixed("x".repeat(50))]);
    const packet = Buffer.concat([Buffer.alloc(7, 0xaa), one, Buffer.alloc(9, 0xbb)]);
    const sink = new Kept();
    const encoder = rowEncoder(idText, "mysql", sink);
    encoder.row(packet, 7, 7 + one.length);
    encoder.finish();
    expect(sink.all.toString("latin1")).toContain("x".repeat(50) + "\xff\xff");
  });

  it("reuses few buffers for many rows", () => {
    const one = row([int64(1n), prefixed("y".repeat(1000))]);
    const { sink, done } = encode(
      idText,
      Array.from({ length: 5000 }, () => one),
    );
    expect(done.rows).toBe(5000);
    expect(sink.pieces.every((piece) => piece.length <= poolBytes)).toBe(true);
    expect(sink.seen.size).toBeLessThanOrEqual(2);
    expect(sink.all.length).toBe(19 + 5000 * (2 + 12 + 4 + 1000) + 2);
  });

  it.each([250, 251, 65_535, 65_536, 300_000, 16_777_216])("carries %i bytes of text whole", (length) => {
    const text = Buffer.alloc(length, "abc");
    const big = row([int64(1n), prefixed(text)]);
    const small = row([int64(2n), prefixed("s")]);
    const { sink } = encode(idText, [small, big, small, big, small]);
    const tuple = (id: string, body: Buffer): Buffer => {
      const head = Buffer.alloc(4);
      head.writeInt32BE(body.length);
      return Buffer.concat([Buffer.from(`000200000008${id}`, "hex"), head, body]);
    };
    const [s, b] = [tuple("0000000000000002", Buffer.from("s")), tuple("0000000000000001", text)];
    expect(sink.all.subarray(19).equals(Buffer.concat([s, b, s, b, s, Buffer.from("ffff", "hex")]))).toBe(
      true,
    );
  });

  it("hands over in mid-row what a growing cell needs room for", () => {
    const table = planTable([
      planColumn("json", "jsonb"),
      planColumn("set('a')", "text[]", {}, ["a"]),
      planColumn("int", "integer"),
    ]);
    const json = `[${Array.from({ length: 60_000 }, () => "1e9").join(",")}]`;
    const members = Array.from({ length: 60 }, () => "a").join(",");
    const { sink } = encode(table, [row([prefixed(json), prefixed(members), Buffer.from([5, 0, 0, 0])])]);
    expect(sink.all.length).toBe(19 + 2 + 5 + 60_000 * 12 + 4 + 20 + 60 * 5 + 8 + 2);
    expect(sink.all.subarray(-10).toString("hex")).toBe("0000000400000005ffff");
  });

  it("shares buffers with the encoders after it, and never one that came back twice", () => {
    const first = encode(idText, [row([int64(1n), null])]);
    first.sink.releaseAll();
    const second = encode(idText, [row([int64(1n), null])]);
    expect([...second.sink.seen]).toEqual([...first.sink.seen]);
    let twice: () => void = () => undefined;
    const encoder = rowEncoder(idText, "mysql", {
      write: (_bytes, released) => {
        twice = released;
        return true;
      },
      drained: () => Promise.resolve(),
    });
    encoder.finish();
    twice();
    expect(fault(() => twice()).code).toBe("bug");
  });

  it("passes the sink's back-pressure on until it is drained", async () => {
    const sink = new Kept();
    sink.answer = false;
    const encoder = rowEncoder(idText, "mysql", sink);
    const one = row([int64(1n), prefixed("z".repeat(200_000))]);
    encoder.row(one, 0, one.length);
    expect(encoder.full()).toBe(false);
    encoder.row(one, 0, one.length);
    expect(encoder.full()).toBe(true);
    await encoder.drained();
    expect(encoder.full()).toBe(false);
  });

  it("counts what policies changed, per column", () => {
    const table = planTable([
      planColumn("datetime(6)", "timestamp(6) without time zone", { zeroDate: "null" }, [], "at"),
      planColumn("text", "text", { nul: "strip" }, [], "note"),
      planColumn("enum('x')", "text", { enumZero: "keep" }, ["x"], "kind"),
      planColumn("varchar(20)", "character varying(20)", { badText: { recode: "latin1" } }, [], "name"),
    ]);
    const bad = row([prefixed(""), prefixed("a\0b"), prefixed(""), prefixed("Ã©")]);
    const good = row([prefixed(Buffer.from([0xe8, 7, 1, 2])), prefixed("ab"), prefixed("x"), prefixed("e")]);
    const { sink, done } = encode(table, [bad, good, bad]);
    expect(done.policies).toEqual([
      { object: "t.at", policy: "zeroDate", count: 2 },
      { object: "t.note", policy: "nul", count: 2 },
      { object: "t.kind", policy: "enumZero", count: 2 },
      { object: "t.name", policy: "badText", count: 2 },
    ]);
    expect(sink.all.toString("hex", 19, 19 + 2 + 4 + 6 + 4 + 6)).toBe(
      "0004ffffffff00000002616200000000" + "00000002c3a9",
    );
  });
});

describe("a refused value", () => {
  const refusedIn = (table: PlanTable, cells: readonly (Buffer | null)[]): Fault => {
    const encoder = rowEncoder(table, "mysql", new Kept());
    const packet = row(cells);
    return fault(() => encoder.row(packet, 0, packet.length));
  };

  it("is told with table, column, row and key", () => {
    const refused = refusedIn(idText, [int64(42n), prefixed("a\0b")]);
    expect(refused.code).toBe("value-refused");
    expect(refused.message).toBe(
      "t.note holds text with U+0000, which PostgreSQL does not hold (row 1 of its range, key id=42).",
    );
    expect(refused.facts).toEqual({ table: "t", column: "note", row: 1 });
  });

  it.each(Array.from({ length: 14 }, (_, place) => place))("is found when U+0000 stands at %i", (place) => {
    const text = Buffer.alloc(14, "é");
    text[place] = 0;
    expect(refusedIn(idText, [int64(1n), prefixed(text)]).message).toContain("U+0000");
  });

  it("is told without the key when the key is what is refused", () => {
    const table = planTable([planColumn("bigint unsigned", "bigint", {}, [], "id")], ["id"]);
    expect(refusedIn(table, [int64(2n ** 63n)]).message).toBe(
      "t.id holds a number past 2^63-1, which bigint does not hold (row 1 of its range).",
    );
  });

  it.each([
    ["tinyint(1)", "boolean", Buffer.from([2]), "neither 0 nor 1"],
    ["tinyint(1)", "boolean", Buffer.from([255]), "neither 0 nor 1"],
    ["date", "date", prefixed(""), "zero or impossible date"],
    ["date", "date", prefixed(Buffer.from([0xe8, 7, 2, 30])), "zero or impossible date"],
    [
      "datetime",
      "timestamp(0) without time zone",
      prefixed(Buffer.from([0, 0, 1, 1])),
      "zero or impossible date",
    ],
    [
      "time",
      "time(0) without time zone",
      prefixed(Buffer.from([1, 0, 0, 0, 0, 0, 0, 1])),
      "only interval holds",
    ],
    [
      "time(6)",
      "time(6) without time zone",
      prefixed(Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])),
      "only interval holds",
    ],
    ["enum('x')", "text", prefixed(""), "enum index 0"],
    ["bigint unsigned", "bigint", int64(-1n), "past 2^63-1"],
    ["int", "smallint", Buffer.from([0, 128, 0, 0]), "outside the range"],
    ["int unsigned", "integer", Buffer.from([0, 0, 0, 128]), "outside the range"],
    ["bigint", "integer", int64(2n ** 31n), "outside the range"],
    ["bigint", "integer", int64(-(2n ** 31n) - 1n), "outside the range"],
    ["text", "character varying(3)", prefixed("abc "), "longer than its target"],
    ["char(36)", "uuid", prefixed(""), "no uuid"],
    ["char(36)", "uuid", prefixed("0123456789abcdef0123456789abcdef----"), "no uuid"],
    ["json", "jsonb", prefixed('{"a": "\\u0000"}'), "\\u0000"],
  ])("%s to %s", (declared, target, cell, reason) => {
    expect(refusedIn(planTable([planColumn(declared, target, {}, ["x"])]), [cell]).message).toContain(reason);
  });
});

describe("a row of another shape than the plan's", () => {
  it.each([
    ["too long", Buffer.concat([row([int64(1n), prefixed("a")]), Buffer.from([0])])],
    ["too short", row([int64(1n), prefixed("abc")]).subarray(0, 12)],
    [
      "a length past its end",
      Buffer.concat([row([int64(1n), null]).subarray(0, 2), int64(1n), Buffer.from([200, 1])]),
    ],
  ])("%s is our own bug, loudly", (_name, packet) => {
    const encoder = rowEncoder(idText, "mysql", new Kept());
    expect(fault(() => encoder.row(packet, 0, packet.length)).code).toBe("bug");
  });
});
