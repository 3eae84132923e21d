/**
 * The settings that sessions live with, judged: whether markers can be written at all, how long a row and a statement may
 * be, what the source lets into its columns, and what its clocks mean.
 */
import type { Finding } from "../../src/model.js";
import { finding } from "./preflight-finding.js";

interface SessionState {
  readonly settings: ReadonlyMap<string, string>;
  /** Whether the account passes read_only. */
  readonly passesReadOnly: boolean;
}

export function judgeSession({ settings, passesReadOnly }: SessionState): readonly Finding[] {
  const found: Finding[] = [];
  const readOnly = ["read_only", "super_read_only"].find(
    (name) => settings.get(name)?.toUpperCase() === "ON" && !(name === "read_only" && passesReadOnly),
  );
  if (readOnly !== undefined)
    found.push(
      finding(
        "source-read-only",
        "error",
        `server.${readOnly}`,
        `${readOnly} is ON: Headgate cannot write its markers. A replica's log is not where writes begin.`,
        "Name the primary in source.url; a replica may stand in source.replica.",
      ),
    );
  const mode = settings.get("sql_mode") ?? "";
  if (!/STRICT_(?:TRANS|ALL)_TABLES/u.test(mode))
    found.push(
      finding(
        "sql-mode-lax",
        "info",
        "server.sql_mode",
        "The source's sql_mode is not strict: values may have been cut, zero dates and empty enum values may be there. The profile counts them.",
        "Nothing needs to be done; PostgreSQL is always strict, so the application's writes may be refused after the switch.",
      ),
    );
  const packet = Number(settings.get("max_allowed_packet") ?? "0");
  if (packet > 0 && packet < 16 * 1024 * 1024)
    found.push(
      finding(
        "max-allowed-packet",
        "warning",
        "server.max_allowed_packet",
        `max_allowed_packet is ${packet} bytes: the server refuses to send a row that is longer, and the copy would end there.`,
        "SET GLOBAL max_allowed_packet = 67108864; or more than the longest row.",
      ),
    );
  const limit = ["max_execution_time", "max_statement_time"].find(
    (name) => Number(settings.get(name) ?? "0") > 0,
  );
  if (limit !== undefined)
    found.push(
      finding(
        "statement-limit",
        "info",
        `server.${limit}`,
        `${limit} is ${settings.get(limit) ?? ""}: Headgate sets it to 0 for its own sessions, the reading of a range may take longer.`,
        "Nothing needs to be done.",
      ),
    );
  const zone = settings.get("time_zone") ?? "";
  const told = zone === "SYSTEM" ? (settings.get("system_time_zone") ?? "") : zone;
  if (!/^(?:utc|\+00:00|gmt|etc\/utc)$/iu.test(told))
    found.push(
      finding(
        "time-zone",
        "info",
        "server.time_zone",
        `The source's time zone is ${told}: TIMESTAMP is copied as the instant that it is, DATETIME as the wall clock that was written.`,
        "Look at what the application means by its DATETIME columns.",
      ),
    );
  return found;
}
