/**
 * Looks at the values of one table for what its plan would refuse. One pass over the table answers every question
 * about every column, by sums of conditions in the server; a second, small query per column that was hit brings up
 * to five keys to show. Values themselves never leave the server. What cannot be looked at (locked, gone, changed,
 * no right) is a finding too: silence would read as "clean".
 */
import { Fault } from "../../src/errors.js";
import type { Finding, PlanColumn, PlanTable, SourceColumn } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection } from "./connection.js";
import { dateProbes, integerProbes, labelProbes, timeProbes, yearProbes } from "./profile-numbers.js";
import { proposedLines } from "./profile-probe.js";
import type { Probe } from "./profile-probe.js";
import { byteProbes, jsonProbes, textProbes } from "./profile-text.js";

/** Seconds that another session's DDL or table lock is waited for. */
const lockWaitSeconds = 10;
const sampleSize = 5;

/** Findings in column order; a lock is waited for `lockWait` seconds. Faults: connection-lost, and the signal's own. */
export async function profileTable(
  connection: Connection,
  table: PlanTable,
  signal?: AbortSignal,
  lockWait = lockWaitSeconds,
): Promise<readonly Finding[]> {
  const probes = table.columns.flatMap((column) => probesOf(connection, table, column));
  if (probes.length === 0) return [];
  await connection.query(`SET SESSION lock_wait_timeout = ${lockWait}`);
  try {
    const counts = await count(connection, table, probes, signal);
    const findings: Finding[] = [];
    for (const [index, probe] of probes.entries()) {
      const hits = counts[index] ?? 0;
      if (hits === 0) continue;
      findings.push(tell(table, probe, hits, await sampleKeys(connection, table, probe, signal)));
    }
    return findings;
  } catch (error) {
    if (!(error instanceof Fault) || signal?.aborted === true) throw error;
    return [unseen(table, error, lockWait)];
  } finally {
    // After an abort or a lost connection there is no session left to set anything in.
    if (connection.open) await connection.query("SET SESSION lock_wait_timeout = DEFAULT");
  }
}

function probesOf(connection: Connection, table: PlanTable, column: PlanColumn): readonly Probe[] {
  return [
    ...integerProbes(table, column),
    ...dateProbes(table, column),
    ...timeProbes(table, column),
    ...yearProbes(table, column),
    ...labelProbes(table, column),
    ...textProbes(table, column, connection.engine),
    ...byteProbes(table, column),
    ...jsonProbes(table, column, connection.engine),
  ];
}

async function count(
  connection: Connection,
  table: PlanTable,
  probes: readonly Probe[],
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  // COALESCE inside: a NULL value answers no question, and must not make the sum of an all-NULL column NULL.
  const sums = probes.map((probe) => `SUM(COALESCE(${probe.condition}, 0))`);
  const [row] = await connection.query(
    `SELECT ${sums.join(", ")} FROM ${mysqlName(table.source)}`,
    [],
    signal,
  );
  return probes.map((_probe, index) => Number(row?.[index] ?? "0"));
}

async function sampleKeys(
  connection: Connection,
  table: PlanTable,
  probe: Probe,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (table.key === null) return [];
  const columns = new Map(table.columns.map((column) => [column.source, column.column]));
  const list = table.key.columns.map((name) => keyText(name, columns.get(name)));
  const rows = await connection.query(
    `SELECT ${list.join(", ")} FROM ${mysqlName(table.source)} WHERE ${probe.condition} LIMIT ${sampleSize}`,
    [],
    signal,
  );
  return rows.map((row) => row.map((cell) => cell ?? "NULL").join(", "));
}

const binaryTypes = /^(?:binary|varbinary|tinyblob|blob|mediumblob|longblob|bit)$/u;

function keyText(name: string, column: SourceColumn | undefined): string {
  const c = mysqlName(name);
  if (column !== undefined && binaryTypes.test(column.type))
    return column.type === "bit" ? `CAST(${c} + 0 AS CHAR)` : `CONCAT('0x', LOWER(HEX(${c})))`;
  return `CAST(${c} AS CHAR)`;
}

function tell(table: PlanTable, probe: Probe, hits: number, keys: readonly string[]): Finding {
  const object = `${table.source}.${probe.column.source}`;
  const settled = probe.settle.length > 0;
  return {
    code: probe.code,
    severity: probe.severity,
    object,
    sentence: `${hits} ${hits === 1 ? "value" : "values"} of ${object} ${probe.what}.`,
    fix: probe.fix,
    count: hits,
    sampleKeys: keys,
    ...(settled ? { propose: proposedLines(probe.settle), settle: probe.settle } : {}),
  };
}

/** Why the table could not be looked at. Only what concerns this table; a lost connection is everybody's. */
function unseen(table: PlanTable, fault: Fault, lockWait: number): Finding {
  const base = { object: table.source, severity: "error" as const, count: 1, sampleKeys: [] };
  switch (fault.code) {
    case "source-busy":
      return {
        ...base,
        code: "table-locked",
        sentence: `The values of ${table.source} could not be looked at: another session held the table for more than ${lockWait} seconds.`,
        fix: "Run headgate check again when the lock is gone.",
      };
    case "grant-missing":
      return {
        ...base,
        code: "table-unreadable",
        sentence: `The values of ${table.source} could not be looked at. ${fault.message}`,
        fix: "headgate check --grants prints what the account needs.",
      };
    case "source-refused":
      return {
        ...base,
        code: "table-changed",
        sentence: `The values of ${table.source} could not be looked at as the plan has it. ${fault.message}`,
        fix: "Run headgate plan again if the table was changed or dropped; else mend what the source says.",
      };
    default:
      throw fault;
  }
}
