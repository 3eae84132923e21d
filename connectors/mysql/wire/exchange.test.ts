/** Where an answer ends, in both forms that servers use; nothing else makes an exchange succeed. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../../src/errors.js";
import { Execute, Prepare, Select, TextQuery } from "./exchange.js";
import type { Exchange } from "./exchange.js";

const ok = Buffer.from([0x00, 0, 0, 2, 0, 0, 0]);
const eof = (status = 2): Buffer => Buffer.from([0xfe, 3, 0, status, 0]);
const okAsEof = (status = 2): Buffer => Buffer.from([0xfe, 0, 0, status, 0, 3, 0]);

/** A column definition: catalog, five names, fixed part. */
function column(type: number, unsigned = false): Buffer {
  const names = ["def", "d", "t", "t", "c", "c"].map((name) =>
    Buffer.from([name.length, ...Buffer.from(name)]),
  );
  return Buffer.concat([
    ...names,
    Buffer.from([0x0c, 63, 0, 20, 0, 0, 0, type, unsigned ? 0x20 : 0, 0, 0, 0, 0]),
  ]);
}

function feed(exchange: Exchange, packets: readonly Buffer[]): boolean[] {
  return packets.map((packet) => exchange.packet(packet, 0, packet.length));
}

const binaryRow = (value: number): Buffer => Buffer.from([0x00, 0x00, value, 0, 0, 0, 0, 0, 0, 0]);

describe.each([
  ["EOF packets", false],
  ["OK packets in place of EOF", true],
])("%s", (_, deprecateEof) => {
  const end = deprecateEof ? okAsEof : eof;
  const afterColumns = deprecateEof ? [] : [eof()];

  it("rows of a prepared statement", async () => {
    const select = new Select(deprecateEof);
    const done = feed(select, [
      Buffer.from([1]),
      column(0x08, true),
      ...afterColumns,
      binaryRow(7),
      binaryRow(0xfe),
      end(),
    ]);
    expect(done.at(-1)).toBe(true);
    expect(done.slice(0, -1)).not.toContain(true);
    expect(select.rows).toEqual([["7"], ["254"]]);
    await expect(select.answer.promise).resolves.toEqual({ rows: 2, warnings: 3 });
  });

  it("no rows at all", async () => {
    const select = new Select(deprecateEof);
    expect(feed(select, [Buffer.from([1]), column(0x08), ...afterColumns, end()]).at(-1)).toBe(true);
    await expect(select.answer.promise).resolves.toEqual({ rows: 0, warnings: 3 });
  });

  it("rows of a text query", async () => {
    const query = new TextQuery(deprecateEof);
    feed(query, [
      Buffer.from([1]),
      column(0xfd),
      ...afterColumns,
      Buffer.from([2, 0x61, 0x62]),
      Buffer.from([0xfb]),
      end(),
    ]);
    await expect(query.answer.promise).resolves.toEqual([["ab"], [null]]);
  });

  it("the definitions of a prepared statement are skipped", async () => {
    const prepare = new Prepare(deprecateEof);
    const head = Buffer.from([0, 9, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0]);
    const packets = [head, column(0xfd), ...afterColumns, column(8), column(8), ...afterColumns];
    expect(feed(prepare, packets).indexOf(true)).toBe(packets.length - 1);
    await expect(prepare.answer.promise).resolves.toEqual({ id: 9, columns: 2, params: 1 });
  });

  it("a second result is refused", () => {
    const select = new Select(deprecateEof);
    expect(() => feed(select, [Buffer.from([1]), column(8), ...afterColumns, end(8)])).toThrow(
      /second result/u,
    );
  });
});

describe("an exchange", () => {
  it("of a statement without rows is done by the OK packet", async () => {
    const query = new TextQuery(false);
    expect(query.packet(ok, 0, ok.length)).toBe(true);
    await expect(query.answer.promise).resolves.toEqual([]);
  });

  it("gives no file of this machine away", () => {
    const query = new TextQuery(false);
    const ask = Buffer.from([0xfb, 0x2f, 0x65]);
    expect(() => query.packet(ask, 0, ask.length)).toThrow(/file/u);
  });

  it("that fails in the middle of its rows fails, whatever has been handed over", async () => {
    const seen: number[] = [];
    const execute = new Execute(
      { row: (_, start) => void seen.push(start), full: () => false, drained: () => Promise.resolve() },
      false,
    );
    feed(execute, [Buffer.from([1]), column(8), eof(), binaryRow(1)]);
    execute.failed(new Fault("connection-lost", "gone"));
    expect(seen).toHaveLength(1);
    await expect(execute.answer.promise).rejects.toThrow("gone");
  });
});
