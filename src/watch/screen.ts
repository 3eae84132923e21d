/**
 * What a person sees while the engine runs: on a terminal one stable block that is drawn again in place
 * (log-update), on a pipe one plain line every ten seconds. Never both, never cursor codes in a log file. Block and
 * log share stderr, so the log's lines go through here too: written past the block, they would be wiped by its next
 * drawing.
 */
import { Writable } from "node:stream";
import { styleText } from "node:util";
import type { Reading } from "./meter.js";
import type { StreamReading } from "./stream-meter.js";
import { visible } from "./visible.js";

export interface Screen {
  /** `stream` once the log is applied: the copy is history then. */
  show(state: string, reading: Reading, note: string, stream?: StreamReading | null): void;
  /** Text that stays, above the block; it ends with a line break. */
  above(text: string): void;
  /** Ends the block so that the next text starts on a line of its own. */
  done(): void;
}

/** What a terminal says of itself; 0 or nothing where it does not know (a serial line, a bare pseudo-terminal). */
export interface Size {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

const EVERY = 10_000;
/** Tables on their way that are shown by name. */
const SHOWN = 8;

/** What draws on a terminal is loaded for a terminal: most engines have none, and start that much sooner. */
export async function openScreen(
  terminal: Size | null,
  now: () => number,
  write: (text: string) => void,
): Promise<Screen> {
  if (terminal !== null) {
    const { createLogUpdate } = await import("log-update");
    const draw = createLogUpdate(stderrOf(terminal, write));
    let last: string | null = null;
    return {
      show: (state, reading, note, stream = null) => {
        const lines =
          stream === null ? block(state, reading, note) : streamBlock(state, reading, note, stream);
        last = lines.join("\n");
        draw(last);
      },
      above: (text) => {
        draw.clear();
        write(text);
        if (last !== null) draw(last);
      },
      done: () => {
        last = null;
        draw.done();
      },
    };
  }
  let last = -EVERY;
  return {
    show: (state, reading, note, stream = null) => {
      if (now() - last < EVERY) return;
      last = now();
      write((stream === null ? line(state, reading, note) : streamLine(state, reading, note, stream)) + "\n");
    },
    above: write,
    done: () => undefined,
  };
}

/** The stream that log-update draws on: our own writer, and a size that is asked for at each drawing. */
function stderrOf(terminal: Size, write: (text: string) => void): Writable {
  const stream = new Writable({
    write: (chunk: unknown, _encoding, written) => {
      write(String(chunk));
      written();
    },
  });
  const known = (n: number | undefined, otherwise: number): number =>
    n === undefined || n < 1 ? otherwise : n;
  Object.defineProperty(stream, "columns", { get: () => known(terminal.columns, 80) });
  Object.defineProperty(stream, "rows", { get: () => known(terminal.rows, 24) });
  return stream;
}

function block(state: string, r: Reading, note: string): string[] {
  const width = 28;
  const share = r.rows.total === 0 ? 0 : Math.min(1, r.rows.done / r.rows.total);
  const filled = Math.round(share * width);
  return [
    `${styleText("bold", state.padEnd(9))} ${styleText("green", "█".repeat(filled))}${styleText("dim", "░".repeat(width - filled))} ${(share * 100).toFixed(1)} %`,
    `tables    ${String(r.tables.done)} of ${String(r.tables.total)}     rows ${count(r.rows.done)} of about ${count(r.rows.total)}`,
    `speed     ${count(r.rowsPerSecond)} rows/s, ${megabytes(r.bytesPerSecond)}/s     sent ${megabytes(r.bytes)}`,
    `elapsed   ${clock(r.elapsedSeconds)}     left about ${r.etaSeconds === null ? "?" : clock(r.etaSeconds)}     ${styleText("dim", note)}`,
    ...r.working.slice(0, SHOWN).map((one) => `  ${one.table}: ${working(one)}`),
    ...(r.working.length > SHOWN ? [`  and ${String(r.working.length - SHOWN)} more`] : []),
  ];
}

function working(one: Reading["working"][number]): string {
  return `${count(one.rows.done)} of about ${count(one.rows.total)} rows, ${count(one.rowsPerSecond)} rows/s, ${megabytes(one.bytesPerSecond)}/s`;
}

function line(state: string, r: Reading, note: string): string {
  const left = r.etaSeconds === null ? "?" : clock(r.etaSeconds);
  return (
    `${state}: ${String(r.tables.done)}/${String(r.tables.total)} tables, ${count(r.rows.done)} of about ${count(r.rows.total)} rows, ` +
    `${count(r.rowsPerSecond)} rows/s, ${megabytes(r.bytesPerSecond)}/s, ${clock(r.elapsedSeconds)} gone, about ${left} left${note === "" ? "" : ` (${note})`}` +
    r.working.map((one) => `; ${one.table}: ${working(one)}`).join("")
  );
}

function streamBlock(state: string, r: Reading, note: string, stream: StreamReading): string[] {
  const several = stream.lanes.length > 1;
  return [
    `${styleText("bold", state.padEnd(9))} ${behind(stream.lagSeconds)}${note === "" ? "" : `     ${styleText("dim", note)}`}`,
    `events    ${count(stream.applied)} of ${count(stream.read)} applied, ${count(stream.appliedPerSecond)}/s`,
    `copied    ${count(r.rows.done)} rows in ${plural(r.tables.total, "table")}     elapsed ${clock(r.elapsedSeconds)}`,
    ...stream.lanes
      .slice(0, SHOWN)
      .flatMap((one) => (several || halted(one) !== "" ? [`  ${laneLine(one)}`] : [])),
    ...(stream.lanes.length > SHOWN ? [`  and ${String(stream.lanes.length - SHOWN)} more lanes`] : []),
  ];
}

function streamLine(state: string, r: Reading, note: string, stream: StreamReading): string {
  const lanes = stream.lanes.filter((one) => stream.lanes.length > 1 || halted(one) !== "");
  return (
    `${state}: ${behind(stream.lagSeconds)}, ${count(stream.applied)} of ${count(stream.read)} events applied, ` +
    `${count(stream.appliedPerSecond)}/s, ${clock(r.elapsedSeconds)} gone${note === "" ? "" : ` (${note})`}` +
    lanes.map((one) => `; ${laneLine(one)}`).join("")
  );
}

function behind(lagSeconds: number | null): string {
  return lagSeconds === null ? "lag not known yet" : `lag ${lagSeconds.toFixed(1)} s`;
}

type Lane = StreamReading["lanes"][number];

function laneLine(one: Lane): string {
  return `lane ${visible(one.lane)}: ${behind(one.lagSeconds)}, ${count(one.applied)} applied${one.joined ? "" : ", not joined yet"}${halted(one)}`;
}

/** A pause is told in front of all lanes. */
function halted({ stopped }: Lane): string {
  return stopped === null || stopped === "paused" ? "" : `, stopped: ${visible(stopped)}`;
}

/** 1234567 as 1,234,567. */
export function count(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** 1 table, 2 tables. */
export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? "" : "s"}`;
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
