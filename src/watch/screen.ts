/**
 * What a person sees while the engine runs: on a terminal one stable block that is drawn again in place
 * (log-update), on a pipe one plain line every ten seconds. Never both, never cursor codes in a log file.
 */
import logUpdate from "log-update";
import pc from "picocolors";
import type { Reading } from "./meter.js";

export interface Screen {
  show(state: string, reading: Reading, note: string): void;
  /** Ends the block so that the next text starts on a line of its own. */
  done(): void;
}

const EVERY = 10_000;

export function openScreen(terminal: boolean, now: () => number, write: (text: string) => void): Screen {
  if (terminal) {
    return {
      show: (state, reading, note) => {
        logUpdate(block(state, reading, note).join("\n"));
      },
      done: () => {
        logUpdate.done();
      },
    };
  }
  let last = -EVERY;
  return {
    show: (state, reading, note) => {
      if (now() - last < EVERY) return;
      last = now();
      write(line(state, reading, note) + "\n");
    },
    done: () => undefined,
  };
}

function block(state: string, r: Reading, note: string): string[] {
  const width = 28;
  const share = r.rows.total === 0 ? 0 : Math.min(1, r.rows.done / r.rows.total);
  const filled = Math.round(share * width);
  return [
    `${pc.bold(state.padEnd(9))} ${pc.green("█".repeat(filled))}${pc.dim("░".repeat(width - filled))} ${(share * 100).toFixed(1)} %`,
    `tables    ${String(r.tables.done)} of ${String(r.tables.total)}     rows ${count(r.rows.done)} of about ${count(r.rows.total)}`,
    `speed     ${count(r.rowsPerSecond)} rows/s, ${megabytes(r.bytesPerSecond)}/s     sent ${megabytes(r.bytes)}`,
    `elapsed   ${clock(r.elapsedSeconds)}     left about ${r.etaSeconds === null ? "?" : clock(r.etaSeconds)}     ${pc.dim(note)}`,
  ];
}

function line(state: string, r: Reading, note: string): string {
  const left = r.etaSeconds === null ? "?" : clock(r.etaSeconds);
  return (
    `${state}: ${String(r.tables.done)}/${String(r.tables.total)} tables, ${count(r.rows.done)} of about ${count(r.rows.total)} rows, ` +
    `${count(r.rowsPerSecond)} rows/s, ${megabytes(r.bytesPerSecond)}/s, ${clock(r.elapsedSeconds)} gone, about ${left} left${note === "" ? "" : ` (${note})`}`
  );
}

/** 1234567 as 1,234,567. */
export function count(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** 3725 as 1:02:05, 65 as 1:05. */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  const rest = String(s % 60).padStart(2, "0");
  return hours > 0
    ? `${String(hours)}:${String(minutes).padStart(2, "0")}:${rest}`
    : `${String(minutes)}:${rest}`;
}
