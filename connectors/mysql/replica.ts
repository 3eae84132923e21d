/**
 * What a server says of itself as a replica: whose it is, whether it runs, how far behind. The words changed from
 * master to source with MySQL 8.0.22 and SHOW SLAVE STATUS went with 8.4, so both are asked and the columns are
 * found by name, whichever the server has.
 */
import { Fault } from "../../src/errors.js";
import type { Finding, Position, ServerFacts } from "../../src/model.js";
import type { Connection } from "./connection.js";
import { finding } from "./preflight-finding.js";

export interface ReplicaState {
  /** server_uuid of the server that it reads from; MariaDB tells none. */
  readonly sourceUuid: string | null;
  readonly sourceServerId: string | null;
  readonly running: boolean;
  /** null when it cannot say, as when it is stopped. */
  readonly lagSeconds: number | null;
  /** Filters that keep some of the source's changes out, by the name of their setting. */
  readonly filters: readonly string[];
}

/** null when the server is no replica, or does not tell this account. */
export async function replicaState(connection: Connection): Promise<ReplicaState | null> {
  for (const statement of ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"]) {
    try {
      const [row] = await connection.named(statement);
      if (row === undefined) return null;
      const told = (...names: readonly string[]): string | null =>
        names.map((name) => row.get(name)).find((cell) => cell !== undefined) ?? null;
      const lag = told("Seconds_Behind_Source", "Seconds_Behind_Master");
      return {
        sourceUuid: told("Source_UUID", "Master_UUID"),
        sourceServerId: told("Source_Server_Id", "Master_Server_Id"),
        running:
          told("Replica_IO_Running", "Slave_IO_Running") === "Yes" &&
          told("Replica_SQL_Running", "Slave_SQL_Running") === "Yes",
        lagSeconds: lag === null ? null : Number(lag),
        filters: [...row]
          .filter(([name, cell]) => /^Replicate_(?:Wild_)?(?:Do|Ignore)_/u.test(name) && (cell ?? "") !== "")
          .map(([name]) => name),
      };
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable) throw error;
      // The other spelling is tried; without the right neither answers, and then nothing is known.
    }
  }
  return null;
}

/** Seconds that a replica is given to reach the position of the source. */
const patience = 30;

const fix = "Mend source.replica, or take it out: then the values are read from the source itself.";

/**
 * What speaks against reading here instead of from the server with these facts. That it is a replica is proven by
 * the source that it names or, through other replicas, by the source's transactions in its own GTID set.
 */
export async function replicaFindings(
  connection: Connection,
  here: ServerFacts,
  primary: ServerFacts,
  position: Position,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const error = (code: string, sentence: string): readonly Finding[] => [
    finding(code, "error", "server.replica", sentence, fix),
  ];
  if (here.engine !== primary.engine)
    return error("replica-of-another", `The replica is ${here.engine}, the source ${primary.engine}.`);
  if (here.identity === primary.identity)
    return error("replica-is-source", "source.replica and source.url are one and the same server.");
  const state = await replicaState(connection);
  if (state === null)
    return error(
      "replica-not-replicating",
      "The server of source.replica replicates from nobody, or does not tell our account (REPLICATION CLIENT).",
    );
  if (state.filters.length > 0)
    return error(
      "replica-filtered",
      `The replica leaves some of the source's changes out (${state.filters.join(", ")}): its tables need not hold the source's rows.`,
    );
  const direct =
    here.engine === "mysql"
      ? state.sourceUuid === primary.identity
      : state.sourceServerId === (primary.settings["server_id"] ?? "");
  if (!direct && position.kind !== "gtid")
    return error("replica-of-another", "The replica replicates from another server than the source.");
  const there = await reached(connection, position, signal);
  if (there === null)
    return error(
      "replica-cannot-tell",
      "The replica has no function that says whether it has reached the source's position, so its rows cannot be placed in the source's log.",
    );
  if (!there)
    return error(
      direct ? "replica-behind" : "replica-of-another",
      direct
        ? `The replica has not reached the source's position within ${String(patience)} seconds.`
        : `The replica replicates from another server than the source, and does not hold the source's transactions.`,
    );
  // Asked again: it may have been started, or stopped, while its position was waited for.
  if ((await replicaState(connection))?.running === true) return [];
  return error(
    "replica-stopped",
    "The replica has reached the source's position and is stopped since: what is written from now on would not be looked at.",
  );
}

/** null: the server has no question that answers it. */
export async function reached(
  connection: Connection,
  position: Position,
  signal: AbortSignal,
  seconds = patience,
): Promise<boolean | null> {
  // Which of these a server has is asked by asking it: each came, or went, with some version.
  for (const { sql, params, yes } of questions(connection, position, seconds)) {
    try {
      const [row] = await connection.query(sql, params, signal);
      const answer = row?.[0] ?? null;
      if (yes !== null) return answer !== null && yes(answer);
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable || signal.aborted) throw error;
    }
  }
  return null;
}

interface Question {
  readonly sql: string;
  readonly params: readonly (string | number)[];
  /** null: it only waits, and what it says is not what is wanted. */
  readonly yes: ((answer: string) => boolean) | null;
}

function questions(connection: Connection, position: Position, seconds: number): readonly Question[] {
  // 0: reached. 1, or -1 on MariaDB: not in time.
  const zero = (answer: string): boolean => answer === "0";
  if (position.kind === "file")
    // 0 and more: reached. -1: not in time. NULL: it is not replicating.
    return ["SOURCE_POS_WAIT", "MASTER_POS_WAIT"].map((name) => ({
      sql: `SELECT ${name}(?, ?, ?)`,
      params: [position.file, Number(position.offset), seconds],
      yes: (answer) => Number(answer) >= 0,
    }));
  const params = [position.set, seconds];
  if (connection.engine === "mariadb") return [{ sql: "SELECT MASTER_GTID_WAIT(?, ?)", params, yes: zero }];
  return [
    { sql: "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)", params, yes: zero },
    // 5.6 has only this to wait with, and it says how many transactions that took; what was reached is asked by itself.
    { sql: "SELECT WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS(?, ?)", params, yes: null },
    {
      sql: "SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed)",
      params: [position.set],
      yes: (answer) => answer === "1",
    },
  ];
}
