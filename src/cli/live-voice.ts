/** What a live engine says in its log of its stream and its verifications. */
import type { StreamEvent } from "../stream/event.js";
import { looksAtOpen } from "../migration/verified.js";
import type { Verified } from "../migration/verified.js";
import type { Log } from "../watch/log.js";

export function tellVerified(log: Log, { outcome, gates, orphans, open }: Verified): void {
  const { run, differences, pending, tables } = outcome;
  for (const { name, result, sentence } of gates)
    if (result !== "holds") log.error({ query: name, result }, sentence);
  for (const { table, foreignKey, result, sentence } of orphans)
    if (result === "orphans" || result === "refused" || result === "pending")
      log.warn({ table, foreignKey, result }, sentence);
  if (open === looksAtOpen)
    log.warn(
      { looks: open },
      "what could not be judged, as its tables are written to all the time, keeps ready back no longer: it is asked again at each look, and at the fence",
    );
  const facts = {
    run: run.id,
    kind: run.scope.kind,
    tables: tables.length,
    differences: String(differences),
    pending: String(pending),
  };
  if (differences > 0n) log.error(facts, "verified: rows differ; headgate repair");
  else if (pending > 0n)
    log.warn(facts, "not verified to the end: rows were written to each time they were looked at");
  else log.info(facts, "verified: no row is on record as different");
}

/** What is worth a line; batches and lags are figures, not news. */
export function tellStream(log: Log, event: StreamEvent): void {
  switch (event.kind) {
    case "batch":
    case "lag":
    case "policy":
      break;
    case "retry":
      log.warn({ code: event.fault.code, attempt: event.attempt }, `reading again: ${event.fault.message}`);
      break;
    case "batch-failed":
      log.warn(
        { lane: event.lane, code: event.fault.code, inRow: event.inRow },
        `a batch failed: ${event.fault.message}`,
      );
      break;
    case "batch-failing":
      log.warn(
        { lane: event.lane, code: event.fault.code, inRow: event.count },
        `batches-failing: lane ${event.lane} has failed ${String(event.count)} times in a row: ${event.fault.message}`,
      );
      break;
    case "heartbeat-failed":
      log.warn({ lane: event.lane, code: event.fault.code }, `no heartbeat: ${event.fault.message}`);
      break;
    case "lane-stands":
      log.error({ lane: event.lane, code: event.fault.code, next: event.fault.next }, event.fault.message);
      break;
    case "replaying":
      log.warn({ lane: event.lane, events: event.events }, "a failed batch is written change by change");
      break;
    case "schema-change":
      log.error(
        { tables: event.change.tables.join(", "), at: event.change.at },
        "a table that travels was changed",
      );
      break;
    case "opened":
      log.info({ lanes: event.lanes.map(({ lane }) => lane).join(", ") }, "the log is read");
      break;
    default:
      log.info(event, event.kind);
  }
}
