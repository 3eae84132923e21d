/**
 * The log: pino's JSON lines on stderr, and nothing else. Every record passes the redactor on its way out, so a
 * password that a driver put into its message never reaches a file. Engine rooms do not import this; they report
 * through callbacks that the composition root connects here.
 */
import { pino } from "pino";
import type { Logger } from "pino";

export type Log = Logger;

/** `scrub` replaces every known secret in one finished line. */
export function openLog(level: string, write: (line: string) => void, scrub: (text: string) => string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => write(scrub(line)) },
  );
}
