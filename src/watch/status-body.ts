/**
 * A running engine's status as JSON, with the names of the contract's `status` and `progress` and what only a living
 * engine knows beside them. 64-bit counts are texts.
 */
import type { LiveSettings } from "../config/live-settings.js";
import type { EngineStatus } from "./engine-status.js";
import { eventsOf, lagOf } from "./engine-status.js";

export function statusBody(status: EngineStatus, settings: LiveSettings): Readonly<Record<string, unknown>> {
  const { reading, lanes } = status;
  return {
    ui: "1.0",
    migration: status.migration,
    pid: process.pid,
    state: status.state,
    since: status.since,
    epoch: status.epoch,
    held: status.held,
    throttled: status.throttled,
    lagSeconds: lagOf(lanes),
    events: eventsOf(lanes),
    tables: reading.tables,
    rows: reading.rows,
    bytes: reading.bytes,
    rowsPerSecond: reading.rowsPerSecond,
    elapsedSeconds: reading.elapsedSeconds,
    etaSeconds: reading.etaSeconds,
    errors: status.errors,
    copied: status.copied,
    lanes: lanes.map((lane) => ({
      lane: lane.lane,
      seq: String(lane.seq),
      end: String(lane.end),
      position: lane.position,
      joined: lane.joined,
      lagSeconds: lane.lagSeconds,
      events: { read: lane.eventsRead, applied: lane.eventsApplied },
      batches: lane.batches,
      failedInRow: lane.failedInRow,
      stopped: lane.stopped,
    })),
    applied: status.applied,
    blocking: status.blocking,
    atFence: status.atFence,
    quarantined: status.quarantined,
    retentionSeconds: status.retentionSeconds,
    ...(status.differing === undefined
      ? {}
      : { differing: status.differing.map(({ table, rows }) => ({ table, rows: String(rows) })) }),
    ...(status.verifying === undefined ? {} : { verifying: status.verifying }),
    ...(status.triggers === undefined ? {} : { triggers: status.triggers }),
    ...(status.feed === undefined ? {} : { feed: status.feed }),
    settings,
  };
}
