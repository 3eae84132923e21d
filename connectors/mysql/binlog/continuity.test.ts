/** Whether a server may be read on from, where no server can be brought to be so: others behind one name, logs that were renamed. */
import { describe, expect, it } from "vitest";
import type { Position, SourceEngine } from "../../../src/model.js";
import { demandContinuity, demandSameLog } from "./continuity.js";

const uuid = "abababab-abab-abab-abab-abababababab";
type Rows = readonly (readonly (string | null)[])[];

/** A server that answers what a dump's beginning asks. */
function asked(
  engine: SourceEngine,
  { expected = uuid, files = [["log.000001", "500"]] as Rows } = {},
): Parameters<typeof demandContinuity>[0] {
  return {
    engine,
    place: "db:3306",
    expect: expected,
    ask: (sql) => {
      if (sql.startsWith("SHOW VARIABLES")) return Promise.resolve([["server_uuid", uuid]]);
      if (sql === "SHOW BINARY LOGS") return Promise.resolve(files);
      if (sql.includes("gtid_binlog_state")) return Promise.resolve([["0-1-9"]]);
      return Promise.resolve([[`${uuid}:1-9`, "", "ON"]]);
    },
  };
}

const at = (more: Partial<Extract<Position, { kind: "gtid" }>> = {}): Position => ({
  ...{ kind: "gtid", set: `${uuid}:1-7`, file: "log.000001", offset: "400", server: uuid },
  ...more,
});

describe("a dump", () => {
  it.each([
    ["mysql", at()],
    ["mariadb", at({ set: "0-1-7" })],
    ["mysql", { kind: "file", file: "log.000001", offset: "400" }],
  ] as const)("of %s begins on the server of this run only, whatever it has", async (engine, from) => {
    await demandContinuity(asked(engine), [from]);
    await expect(demandContinuity(asked(engine, { expected: "another" }), [from])).rejects.toMatchObject({
      code: "server-changed",
    });
  });

  it("is refused where the log ends before what is applied, though reading begins before that", async () => {
    const from = at({ offset: "120", end: { file: "log.000001", offset: "600" } });
    await expect(demandContinuity(asked("mysql"), [from])).rejects.toMatchObject({
      code: "position-unknown",
      message: expect.stringMatching(/shorter/u) as string,
      facts: { applied: "log.000001:600" },
    });
    const files = [
      ["log.000001", "600"],
      ["log.000002", "4"],
    ];
    await demandContinuity(asked("mysql", { files }), [from]);
    await expect(
      demandContinuity(asked("mysql", { files }), [at({ end: { file: "log.000003", offset: "4" } })]),
    ).rejects.toMatchObject({ code: "position-unknown" });
  });

  it("goes on by GTIDs in files that have another name now", async () => {
    await demandContinuity(asked("mysql", { files: [["binlog.000001", "100"]] }), [at()]);
  });
});

describe("a log that reaches past what is applied", () => {
  const demanded = async (from: Position, begun: number, files?: Rows): Promise<readonly string[]> => {
    const looked: string[] = [];
    await demandSameLog(asked("mysql", files === undefined ? {} : { files }), [from], (file) => {
      looked.push(file);
      return Promise.resolve(begun);
    });
    return looked;
  };

  it("is refused where the file was begun at another time", async () => {
    for (const from of [
      at({ made: 100 }),
      { kind: "file", file: "log.000001", offset: "400", made: 100 },
    ] as const) {
      expect(await demanded(from, 100)).toEqual(["log.000001"]);
      await expect(demanded(from, 101)).rejects.toMatchObject({ code: "position-unknown" });
    }
    const further = at({ made: 100, file: "log.000001", end: { file: "log.000002", offset: "4" } });
    const files = [
      ["log.000001", "500"],
      ["log.000002", "500"],
    ];
    expect(await demanded(further, 100, files)).toEqual(["log.000002"]);
  });

  it("is not looked at where the file is gone, another server's, or nobody knows when it was begun", async () => {
    expect(await demanded(at(), 100)).toEqual([]);
    expect(await demanded(at({ made: 100, server: "another" }), 101)).toEqual([]);
    expect(await demanded(at({ made: 100, file: "log.000000" }), 101)).toEqual([]);
  });
});
