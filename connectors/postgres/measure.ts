/**
 * What a target says of itself: version, size, dead rows, standbys, each with the time and the statement it comes
 * from. PostgreSQL tells no session how much room its disks have left, so that is unknown and says so.
 */
import { Fault } from "../../src/errors.js";
import type { Fact, TargetMeasures } from "../../src/measures.js";
import type { Session } from "./connection.js";

type Row = Readonly<Record<string, string | null>>;

const queries = {
  version: "SELECT current_setting('server_version') AS version",
  sizes:
    "SELECT current_database() AS database, pg_catalog.pg_database_size(current_database())::text AS bytes",
  dead: "SELECT coalesce(sum(n_live_tup), 0)::text AS live, coalesce(sum(n_dead_tup), 0)::text AS dead FROM pg_catalog.pg_stat_user_tables",
  standbys:
    "SELECT count(*)::text AS standbys, count(replay_lsn)::text AS told, extract(epoch FROM max(replay_lag))::text AS lag FROM pg_catalog.pg_stat_replication",
  free: "none: PostgreSQL has no function that tells a disk's free space",
} as const;

export async function measureTarget(session: Session, clock: () => Date): Promise<TargetMeasures> {
  const ask = async <T>(query: string, read: (row: Row) => T, note?: string): Promise<Fact<T>> => {
    try {
      const [row = {}] = (await session.query(query, [], "reading what the server says of itself")).rows;
      return {
        value: read(row),
        takenAt: clock().toISOString(),
        query,
        ...(note === undefined ? {} : { note }),
      };
    } catch (error) {
      if (!(error instanceof Fault) || error.retriable) throw error;
      return { value: "unknown", takenAt: clock().toISOString(), query, note: error.message };
    }
  };
  const version = await ask(queries.version, ({ version: told }) => ({
    engine: "postgres" as const,
    version: told ?? "",
  }));
  return {
    version,
    sizes: await ask(queries.sizes, ({ database, bytes }) => ({
      database: database ?? "",
      bytes: Number(bytes ?? 0),
    })),
    dead: await ask(
      queries.dead,
      ({ live, dead }) => ({ liveRows: Number(live ?? 0), deadRows: Number(dead ?? 0) }),
      "estimates of the statistics collector, over all schemas of the database",
    ),
    standbys: await ask(
      queries.standbys,
      ({ standbys, told, lag }) => ({
        standbys: Number(standbys ?? 0),
        lagSeconds: lagOf(standbys, told, lag),
      }),
      "an account without pg_monitor sees that there are standbys, and not their lag",
    ),
    free: {
      value: "unknown",
      takenAt: clock().toISOString(),
      query: queries.free,
      note: "PostgreSQL tells no session the free space of its disks: ask the host (df of the data directory)",
    },
  };
}

/** null: no standby. An idle standby that has caught up shows no lag, which is 0; one that is hidden is unknown. */
function lagOf(
  standbys: string | null | undefined,
  told: string | null | undefined,
  lag: string | null | undefined,
): number | "unknown" | null {
  if (Number(standbys ?? 0) === 0) return null;
  if (Number(told ?? 0) < Number(standbys)) return "unknown";
  return Number(lag ?? 0);
}
