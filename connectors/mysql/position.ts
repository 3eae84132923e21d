/**
 * Where the source stands in its log, in the form that fits the server: a GTID set with file and offset beside
 * it, or file and offset alone where GTIDs are off. On MySQL the set is `gtid_executed`, which holds only what is
 * visible to a SELECT; the binlog's own end may be ahead of that (semi-synchronous commits), which is why the two
 * are read in this order: the file's end first would be the older of the two.
 */
import { Fault } from "../../src/errors.js";
import type { Position, SourceEngine } from "../../src/model.js";
import type { Cell } from "./wire/cells.js";

/** Runs one statement; its rows as text. */
export type Ask = (sql: string) => Promise<readonly (readonly Cell[])[]>;

/** The position that every transaction committed so far is at or before. */
export async function readPosition(ask: Ask, engine: SourceEngine): Promise<Position> {
  const { file, offset } = await binlogEnd(ask, engine);
  const set = engine === "mariadb" ? await mariadbSet(ask) : await mysqlSet(ask);
  return set === null ? { kind: "file", file, offset } : { kind: "gtid", set, file, offset };
}

/** File and offset of the binlog's end. Faults: source-refused when the server keeps no binlog. */
async function binlogEnd(
  ask: Ask,
  engine: SourceEngine,
): Promise<{ readonly file: string; readonly offset: string }> {
  const [file, offset] = (await logStatus(ask, engine))[0] ?? [];
  if (file === undefined || file === null || offset === undefined || offset === null)
    throw new Fault("source-refused", "The source keeps no binary log, so it has no position.", {
      next: "Set log_bin on the source and restart it.",
    });
  return { file, offset };
}

/** The server's number of a statement that it does not know. */
const unknownStatement = 1064;

/** MySQL renamed the statement and then took the old name away, and says itself which of the two it knows. */
async function logStatus(ask: Ask, engine: SourceEngine): ReturnType<Ask> {
  if (engine === "mysql")
    try {
      return await ask("SHOW BINARY LOG STATUS");
    } catch (error) {
      if (!(error instanceof Fault) || error.facts["errno"] !== unknownStatement) throw error;
    }
  return await ask("SHOW MASTER STATUS");
}

async function mysqlSet(ask: Ask): Promise<string | null> {
  const [mode] = await ask("SHOW GLOBAL VARIABLES LIKE 'gtid_mode'");
  // ON_PERMISSIVE and OFF_PERMISSIVE may write transactions without a GTID: the set would miss them.
  if (mode?.[1] !== "ON") return null;
  // Not by SHOW VARIABLES, which cuts values after 1024 characters: a set of some 25 servers would be another one.
  return ((await ask("SELECT @@GLOBAL.gtid_executed"))[0]?.[0] ?? "").replaceAll(/\s/gu, "");
}

/** MariaDB has GTIDs always; an empty set is a server that has logged nothing yet. */
async function mariadbSet(ask: Ask): Promise<string | null> {
  return (await ask("SELECT @@GLOBAL.gtid_binlog_pos"))[0]?.[0] ?? null;
}

/** Whether a version such as `9.7.4-2` is at least major.minor. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split(".").map((part) => parseInt(part, 10));
  return a > major || (a === major && b >= minor);
}
