/**
 * The log: pino's JSON lines on stderr, and nothing else. Every record passes the redactor on its way out, so a
 * password that a driver put into its message never reaches a file. Engine rooms do not import this; they report
 * through callbacks that the composition root connects here.
 */
import { pino } from "pino";
import type { Logger } from "pino";
import { visible } from "./visible.js";

export type Log = Logger;

/** `scrub` replaces every known secret in one finished line; on a terminal a person reads sentences, no JSON. */
export function openLog(
  level: string,
  write: (line: string) => void,
  scrub: (text: string) => string,
  terminal = false,
): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => write(scrub(terminal ? spoken(line) : line)) },
  );
}

/** `03:12:44Z claimed: migration 20261122_shop, epoch 1` of one record; times stay UTC, as on every other screen. */
function spoken(line: string): string {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) return line;
  const facts = new Map<string, unknown>(Object.entries(record));
  const take = (name: string): string => {
    const value = facts.get(name);
    facts.delete(name);
    return visible(typeof value === "string" ? value : JSON.stringify(value));
  };
  const level = Number(take("level"));
  const [time, message] = [take("time"), take("msg")];
  facts.delete("kind");
  const rest = [...facts.keys()].map((name) => (name === message ? take(name) : `${name} ${take(name)}`));
  const weight = level >= 50 ? "error: " : level >= 40 ? "warning: " : "";
  return `${time.slice(11, 19)}Z ${weight}${message}${rest.length === 0 ? "" : `: ${rest.join(", ")}`}\n`;
}
