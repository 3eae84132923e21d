/**
 * Looks at the values of one table for what its plan would refuse. One pass over the table answers every question
 * about every column, by sums of conditions in the server; a second, small query per question that was hit brings up
 * to five keys to show. Only keys that can clash and foreign keys are asked apart. Values never leave the server
 * unless somebody asked to see them. What cannot be looked at (locked, gone, changed, no right) is a finding too:
 * silence would read as "clean".
 */
import { Fault } from "../../src/errors.js";
import type { Finding, PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { excludedLines } from "../../src/typemap/glob.js";
import type { Connection } from "./connection.js";
import { lockWaitTimeout } from "./locked.js";
import { counterFindings, counterOf } from "./profile-counter.js";
import { entryProbes, rowProbes } from "./profile-entries.js";
import { jsonProbes } from "./profile-json.js";
import { lockHolder, toBeNamed } from "./profile-lock.js";
import { looserProbes } from "./profile-looser.js";
import { dateProbes, integerProbes, labelProbes, timeProbes, yearProbes } from "./profile-numbers.js";
import { charsetProbes } from "./profile-charset.js";
import { orphanFindings } from "./profile-orphans.js";
import type { Piece, Pieces, TableOptions } from "./profile-piece.js";
import { proposedLines } from "./profile-probe.js";
import type { Asked, Probe } from "./profile-probe.js";
import { checkProbes } from "./profile-checks.js";
import { keyList, keysOf, sampleSize, valueText } from "./profile-sample.js";
import type { Samples } from "./profile-sample.js";
import { byteProbes, textProbes } from "./profile-text.js";
import { uniqueFindings } from "./profile-unique.js";

/** Seconds that another session's DDL or table lock is waited for. */
const lockWaitSeconds = 10;

export interface AskedOptions extends Partial<Omit<TableOptions, "pieces">> {
  /** The table as one piece where nothing is given. */
  readonly pieces?: () => Promise<Pieces>;
  /** Seconds. */
  readonly lockWait?: number;
}

/** Findings in column order, then keys; every row in one pass unless asked otherwise. Faults: connection-lost, and the signal's own. */
export async function profileTable(
  connection: Connection,
  table: PlanTable,
  asked: AskedOptions = {},
): Promise<readonly Finding[]> {
  const { signal, lockWait = lockWaitSeconds } = asked;
  await connection.query(`SET SESSION lock_wait_timeout = ${String(lockWait)}`);
  try {
    // Parting a table reads its key, so it too meets a table that is locked or gone.
    const pieces = (await asked.pieces?.()) ?? {
      list: [{ from: mysqlName(table.source), params: [] }],
      sampled: null,
    };
    const options = { tables: [table], showValues: false, pause: null, signal, ...asked, pieces };
    const values = await valueFindings(connection, table, options);
    // Where rows are past the counter's end already, that it has passed it is no news.
    const past = values.some(({ code, object }) => /-range$/u.test(code) && object === counterOf(table));
    const findings = [
      ...values,
      ...(await uniqueFindings(connection, table, options)),
      ...(await orphanFindings(connection, table, options)),
      ...(past ? [] : await counterFindings(connection, table, signal)),
    ];
    return pieces.sampled === null ? findings : inSample(table, pieces.sampled, findings);
  } catch (error) {
    if (!(error instanceof Fault) || signal?.aborted === true) throw error;
    return [await unseen(connection, table, error, lockWait)];
  } finally {
    // After an abort or a lost connection there is no session left to set anything in.
    if (connection.open) await connection.query("SET SESSION lock_wait_timeout = DEFAULT");
  }
}

async function valueFindings(
  connection: Connection,
  table: PlanTable,
  options: TableOptions,
): Promise<readonly Finding[]> {
  const server = { engine: connection.engine, halfPairs: await takesHalfPairs(connection) };
  const probes = [
    ...table.columns.flatMap((column) => probesOf(server, table, column)),
    ...checkProbes(table),
    ...entryProbes(table),
    ...looserProbes(table),
    ...rowProbes(table),
  ];
  if (probes.length === 0) return [];
  const counts = await count(connection, probes, options);
  const findings: Finding[] = [];
  for (const [index, probe] of probes.entries()) {
    const hits = counts[index] ?? 0;
    if (hits === 0) continue;
    findings.push(tell(table, probe, hits, await sampleRows(connection, table, probe, options)));
  }
  return findings;
}

/** Half a surrogate pair is a character to the UTF-8 of MariaDB and of MySQL 5.6. */
async function takesHalfPairs(connection: Connection): Promise<boolean> {
  const half = await connection.value("SELECT HEX(CONVERT(CAST(x'EDA080' AS BINARY) USING utf8mb4))");
  return half === "EDA080";
}

function probesOf(server: Asked, table: PlanTable, column: PlanColumn): readonly Probe[] {
  return [
    ...integerProbes(table, column),
    ...dateProbes(table, column),
    ...timeProbes(table, column),
    ...yearProbes(table, column),
    ...labelProbes(table, column),
    ...textProbes(table, column, server),
    ...charsetProbes(table, column, server),
    ...byteProbes(table, column),
    ...jsonProbes(table, column, server),
  ];
}

async function count(
  connection: Connection,
  probes: readonly Probe[],
  { pieces, signal, pause }: TableOptions,
): Promise<readonly number[]> {
  // COALESCE inside: a NULL value answers no question, and must not make the sum of an all-NULL column NULL.
  const sums = probes.map((probe) => `SUM(COALESCE(${probe.condition}, 0))`);
  const counts = probes.map(() => 0);
  for (const piece of pieces.list) {
    await pause?.();
    const [row] = await connection.query(
      `SELECT ${sums.join(", ")} FROM ${piece.from} AS t`,
      piece.params,
      signal,
    );
    counts.forEach((sum, at) => (counts[at] = sum + Number(row?.[at] ?? "0")));
  }
  return counts;
}

async function sampleRows(
  connection: Connection,
  table: PlanTable,
  probe: Probe,
  { pieces, signal, showValues }: TableOptions,
): Promise<Samples> {
  const key = keyList(table) ?? [];
  const list = showValues ? [...key, valueText(mysqlName(probe.column.source), probe.column.column)] : key;
  if (list.length === 0) return { keys: [], values: null };
  const rows: (readonly (string | null)[])[] = [];
  for (const piece of pieces.list) {
    if (rows.length >= sampleSize) break;
    rows.push(...(await rowsOf(connection, piece, list, probe, sampleSize - rows.length, signal)));
  }
  return {
    keys: key.length === 0 ? [] : rows.map((row) => keysOf(row.slice(0, key.length))),
    values: showValues ? rows.map((row) => row.at(-1) ?? "NULL") : null,
  };
}

async function rowsOf(
  connection: Connection,
  piece: Piece,
  list: readonly string[],
  probe: Probe,
  most: number,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly (string | null)[])[]> {
  return await connection.query(
    `SELECT ${list.join(", ")} FROM ${piece.from} AS t WHERE ${probe.condition} LIMIT ${String(most)}`,
    piece.params,
    signal,
  );
}

function tell(table: PlanTable, probe: Probe, hits: number, samples: Samples): Finding {
  const column = `${table.source}.${probe.column.source}`;
  const about = probe.about ?? { object: column, one: `value of ${column}`, many: `values of ${column}` };
  const settled = probe.settle.length > 0;
  const lines = [...probe.settle, ...(probe.offer ?? [])];
  const proposed = [...proposedLines(lines), ...(probe.excludes === true ? excludedLines(table.source) : [])];
  return {
    code: probe.code,
    severity: probe.severity,
    object: about.object,
    sentence: `${String(hits)} ${hits === 1 ? about.one : about.many} ${hits === 1 ? ofOne(probe.what) : probe.what}.`,
    fix: probe.fix,
    count: hits,
    sampleKeys: samples.keys,
    ...(samples.values === null ? {} : { sampleValues: samples.values }),
    ...(proposed.length > 0 ? { propose: proposed } : {}),
    ...(settled ? { settle: probe.settle } : {}),
  };
}

const verbsOfOne: ReadonlyMap<string, string> = new Map([
  ["are", "is"],
  ["break", "breaks"],
  ["have", "has"],
  ["hold", "holds"],
  ["look", "looks"],
  ["use", "uses"],
]);

/** A probe's words begin with the verb of many. */
function ofOne(what: string): string {
  return what.replace(/^\w+/u, (verb) => verbsOfOne.get(verb) ?? verb);
}

/** What was seen of a part says nothing of the rest, and every sentence says so. */
function inSample(table: PlanTable, rows: number, findings: readonly Finding[]): readonly Finding[] {
  const all = table.estimatedRows.toLocaleString("en-US");
  return [
    {
      code: "sampled",
      severity: "warning",
      object: table.source,
      sentence: `Only about ${rows.toLocaleString("en-US")} of some ${all} rows of ${table.source} were looked at, from all over its key: what is rare, and duplicates outside of the sample, were not seen.`,
      fix: "Run headgate check without --sample before the copy; headgate run looks at every row anyway.",
      count: 1,
      sampleKeys: [],
    },
    ...findings.map((finding) => ({ ...finding, sentence: `In a sample: ${finding.sentence}` })),
  ];
}

/** The server's number of a statement that somebody else ended. */
const interrupted = 1317;

/** Why the table could not be looked at. Only what concerns this table; a lost connection is everybody's. */
async function unseen(
  connection: Connection,
  table: PlanTable,
  fault: Fault,
  lockWait: number,
): Promise<Finding> {
  const base = { object: table.source, severity: "error" as const, count: 1, sampleKeys: [] };
  const unread = `The values of ${table.source} could not be looked at`;
  switch (fault.code) {
    case "source-busy": {
      const { errno } = fault.facts;
      // A source that was too busy for the throttle says nothing about this table.
      if (errno === undefined) throw fault;
      if (errno !== lockWaitTimeout)
        return {
          ...base,
          code: "table-interrupted",
          sentence: `${unread}: the source ended the statement that read it. ${fault.message}`,
          fix: "Run headgate check again.",
        };
      const holder = await lockHolder(connection, table.source);
      return {
        ...base,
        code: "table-locked",
        sentence: `${unread}: ${holder ?? "another session, which the server does not name to this account,"} held the table for more than ${String(lockWait)} seconds.`,
        fix: `Run headgate check again when the lock is gone.${holder === null ? ` ${toBeNamed}` : ""}`,
      };
    }
    case "grant-missing":
      return {
        ...base,
        code: "table-unreadable",
        sentence: `${unread}. ${fault.message}`,
        fix: "headgate check --grants prints what the account needs.",
      };
    case "source-refused":
      if (fault.facts["errno"] === interrupted)
        return {
          ...base,
          code: "table-interrupted",
          sentence: `${unread}: somebody ended the statement that read it.`,
          fix: "Run headgate check again.",
        };
      return {
        ...base,
        code: "table-changed",
        sentence: `${unread} as the plan has it. ${fault.message}`,
        fix: "Run headgate plan again if the table was changed or dropped; else mend what the source says.",
      };
    default:
      throw fault;
  }
}
