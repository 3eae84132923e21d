/** A record's place in the source's log and its part of a transaction while they are read, whatever form they are in. */
import type { RecordTransaction } from "./record.js";
import { unreadable } from "./unreadable.js";

export interface SourceDraft {
  db: string;
  table: string;
  gtid: string | null;
  file: string;
  pos: number;
  row: number;
  serverId: number;
  ts: number;
  snapshot: string | null;
}

export function emptySource(): SourceDraft {
  return {
    db: "",
    table: "",
    gtid: null,
    file: "",
    pos: 0,
    row: 0,
    serverId: 0,
    ts: 0,
    snapshot: null,
  };
}

/** What is streamed says "false" or nothing. */
export function snapshotOf(told: string | null): string | null {
  return told === "false" ? null : told;
}

/** Throws Fault event-unreadable. */
export function partOf(id: string | null, totalOrder: number, tableOrder: number): RecordTransaction {
  if (id === null || totalOrder < 1 || tableOrder < 1)
    throw unreadable("The record's value does not say whose part of its transaction it is.");
  return { id, totalOrder, tableOrder };
}
