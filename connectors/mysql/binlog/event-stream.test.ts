/**
 * Events that no server makes on demand: incidents, encryption, types from a newer server, transactions without an end,
 * files past 4 GB, checksums of every length.
 */
import { openSync } from "node:fs";
import { crc32 as reference } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Plan, Position } from "../../../src/model.js";
import type { ChangeSink } from "../../../src/stream-port.js";
import { crc32 } from "./crc32.js";
import { types } from "./event.js";
import { EventStream } from "./event-stream.js";
import { GtidSet } from "./gtid-set.js";
import { compareFiles, LogFile } from "./log-file.js";
import { fileStanding, gtidStanding } from "./standing.js";
import { LogTables } from "./tables.js";

const plan: Plan = {
  version: 1,
  migration: "20261126_unit",
  database: "shop",
  schema: "public",
  fingerprint: "",
  lanes: ["main"],
  tables: [],
  before: [],
  after: [],
  findings: [],
};
const world = {
  engine: "mysql",
  collations: new Map(),
  charsets: new Map(),
  periods: new Map(),
  hashes: new Map(),
} as const;

function event(type: number, body: Buffer, end = 0, flags = 0): Buffer {
  const whole = Buffer.alloc(19 + body.length + 4);
  whole[4] = type;
  whole.writeUInt32LE(whole.length, 9);
  whole.writeUInt32LE(end, 13);
  whole.writeUInt16LE(flags, 17);
  body.copy(whole, 19);
  whole.writeUInt32LE(reference(whole.subarray(0, -4)), whole.length - 4);
  return whole;
}

const rotate = (file: string, at: number): Buffer => {
  const body = Buffer.alloc(8 + file.length);
  body.writeBigUInt64LE(BigInt(at));
  body.write(file, 8);
  return event(types.rotate, body);
};
const description = event(types.formatDescription, Buffer.concat([Buffer.alloc(58), Buffer.from([1])]));
const query = (text: string, end = 0): Buffer =>
  event(
    types.query,
    Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]), Buffer.from(`shop\0${text}`)]),
    end,
  );
const xid = (end = 0): Buffer => event(types.xid, Buffer.alloc(8), end);
const gtid = (number: number): Buffer => {
  const body = Buffer.alloc(25);
  body.fill(0xab, 1, 17);
  body.writeBigInt64LE(BigInt(number), 17);
  return event(types.gtid, body);
};

/** What a stream of events hands over. */
function told(
  events: readonly Buffer[],
  byFile = false,
): { begun: string[]; positions: Position[]; stream: EventStream } {
  const begun: string[] = [];
  const positions: Position[] = [];
  const sink: ChangeSink = {
    begin: (transaction) => void begun.push(transaction.name),
    wants: () => true,
    change: () => undefined,
    truncate: () => undefined,
    endsUnseen: () => undefined,
    marker: () => undefined,
    commit: (position) => void positions.push(position()),
    schemaChange: () => undefined,
    idle: () => undefined,
    full: () => false,
    drained: () => Promise.resolve(),
  };
  const log = new LogFile();
  const standing = byFile
    ? fileStanding({ file: "log.000001", offset: 4 }, log)
    : gtidStanding(new GtidSet(), log);
  const tables = new LogTables(plan, world, false);
  const names = { database: "shop", tables: [] };
  const spill = { folder: "nowhere", open: () => openSync("/dev/full", "w+") };
  const stream = new EventStream({ tables, names, standing, log, sink, spill });
  for (const each of events) stream.event(each, 0, each.length);
  return { begun, positions, stream };
}

const refused = (message: RegExp): Error =>
  expect.objectContaining({
    code: "log-refused",
    message: expect.stringMatching(message) as string,
  }) as Error;
const start = [rotate("log.000001", 4), description];

describe("events", () => {
  it("make transactions", () => {
    const { begun, positions, stream } = told([
      ...start,
      gtid(1),
      query("BEGIN"),
      xid(500),
      gtid(2),
      query("BEGIN"),
    ]);
    expect(begun).toEqual(["abababab-abab-abab-abab-abababababab:1"]);
    expect(positions).toEqual([
      { kind: "gtid", set: "abababab-abab-abab-abab-abababababab:1", file: "log.000001", offset: "500" },
    ]);
    expect(stream.group.inside).toBe(true);
  });

  it("rows of XA transactions that neither memory nor the disk has room for stop it by name and place", () => {
    const name = (text: string): Buffer =>
      Buffer.concat([Buffer.from([text.length]), Buffer.from(`${text}\0`)]);
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 1, 0]);
    const markers = event(types.tableMap, Buffer.concat([head, name("headgate"), name("marker_main")]));
    const rows = event(types.writeRows, Buffer.concat([head, Buffer.alloc(1_000_000)]));
    const xa = [...start, gtid(1), query("XA START X'6b',X'',1"), markers];
    // What memory has room for asks no disk.
    told([...xa, ...Array.from({ length: 16 }, () => rows)]);
    expect(() => told([...xa, ...Array.from({ length: 17 }, () => rows)])).toThrow(
      expect.objectContaining({
        code: "file-refused",
        message: expect.stringMatching(
          /^The XA transaction x'6b',\S+ has more rows .*\(16 MB\), and a file in nowhere, .*\(ENOSPC\)\. It is at abab\S+:1\.$/u,
        ) as string,
      }),
    );
  });

  it.each([
    ["an incident", event(types.incident, Buffer.from([1, 0, 0])), /an incident/u],
    ["encryption", event(types.startEncryption, Buffer.alloc(17)), /encrypted/u],
    ["a type of a newer server", event(99, Buffer.alloc(3)), /type 99/u],
    [
      "rows outside of a transaction's announcements",
      event(types.writeRows, Buffer.alloc(20)),
      /did not announce/u,
    ],
    [
      "a compressed transaction that is none",
      event(types.transactionPayload, Buffer.from([0, 1, 2, 3])),
      /zstd frame|unpacked/u,
    ],
    ["a transaction in another one", gtid(2), /has no end/u],
  ])("%s is refused, with its place", (_what, bad, message) => {
    expect(() => told([...start, gtid(1), query("BEGIN"), bad])).toThrow(refused(message));
    expect(() => told([...start, gtid(1), query("BEGIN"), bad])).toThrow(/It is at abababab-\S+:1\.$/u);
  });

  it("that anybody may pass over are passed over", () => {
    expect(told([...start, event(99, Buffer.alloc(3), 0, 0x80)]).begun).toEqual([]);
  });

  it("without a GTID are refused where positions are sets", () => {
    expect(() => told([...start, query("BEGIN")])).toThrow(refused(/without a GTID/u));
    const anonymous = event(types.anonymousGtid, Buffer.alloc(25));
    expect(() => told([...start, anonymous])).toThrow(refused(/without a GTID/u));
  });

  it("must be as long as they say, and what their checksum says", () => {
    expect(() => told([...start, xid().subarray(0, 20)])).toThrow(refused(/shorter or longer/u));
    const bad = query("BEGIN");
    bad[30] = 1;
    expect(() => told([...start, bad])).toThrow(refused(/checksum/u));
    const badStart = Buffer.from(description);
    badStart[25] = 1;
    expect(() => told([start[0]!, badStart])).toThrow(refused(/checksum/u));
  });

  it("a file past 4 GB is counted on", () => {
    const near = 2 ** 32 - 100;
    const { begun, positions } = told(
      [
        rotate("log.000001", near),
        description,
        query("BEGIN", near + 50),
        xid(10),
        query("BEGIN", 60),
        xid(100),
      ],
      true,
    );
    expect(positions.map((position) => position.offset)).toEqual([
      String(2 ** 32 + 10),
      String(2 ** 32 + 100),
    ]);
    expect(begun[1]).toBe(`log.000001:${2 ** 32 + 60 - query("BEGIN").length}`);
  });
});

describe("files of the log", () => {
  it("are compared by number, past six digits too", () => {
    const at = (file: string, offset = 4): { file: string; offset: number } => ({ file, offset });
    expect(compareFiles(at("log.999999"), at("log.1000000"))).toBe(-1);
    expect(compareFiles(at("log.000002", 5), at("log.000002"))).toBe(1);
    expect(compareFiles(at("log.000002"), at("log.000002"))).toBe(0);
    expect(() => compareFiles(at("log.000002"), at("other.000002"))).toThrow(/no files of one/u);
    expect(() => compareFiles(at("log"), at("log.000001"))).toThrow(/no file of a binary log/u);
  });
});

describe("CRC32", () => {
  it("is zlib's at every length, from one buffer to the next", () => {
    const bytes = Buffer.from(Array.from({ length: 700 }, (_, i) => (i * 7919) & 255));
    const others = Buffer.concat([bytes]).reverse();
    for (let end = 0; end <= 700; end++)
      for (const one of [bytes, others]) {
        const [from, to] = [end % 9, Math.max(end, 9)];
        expect(crc32(one, from, to)).toBe(reference(one.subarray(from, to)));
      }
  });
});
