/**
 * The delivery sentences: what was moved and what it cost, composed of measured figures and of nothing else. What was not
 * measured is said to be so. "Zero downtime" is said only of a move whose every write pause was exactly zero.
 */

export interface Delivered {
  readonly migration: string;
  /** `MySQL 9.7.4`. */
  readonly from: string;
  readonly to: string;
  readonly tables: number;
  /** Of all tables when the target was opened; null where nobody counted. */
  readonly rows: bigint | null;
  /** Of each cutover and each rollback, in order; the last cutover's is the one that counts for the proof. */
  readonly pauses: readonly WritePause[];
  /** Of the stream, when the last cutover began; null where it was not known. */
  readonly lagSeconds: number | null;
  readonly proof: DeliveredProof;
}

export interface WritePause {
  readonly of: "cutover" | "rollback" | "aborted cutover";
  /** From the fence's first statement until the side that serves was open; null where the clock was lost with its engine. */
  readonly seconds: number | null;
}

export interface DeliveredProof {
  readonly equal: boolean;
  /** Keys compared while nobody could write. */
  readonly keysAtFence: bigint;
  /** Rows compared before the fence and not touched since. */
  readonly rowsCleanBefore: bigint;
  /** Rows of the tables that were compared whole while nobody could write. */
  readonly rowsAtFence: bigint;
}

/** A few sentences; each is a line. */
export function deliverySentences(done: Delivered): readonly string[] {
  return [moved(done), paused(done.pauses), behind(done.lagSeconds), proven(done.proof)];
}

function moved({ migration, from, to, tables, rows }: Delivered): string {
  const all = plural(BigInt(tables), "table");
  return rows === null
    ? `${migration}: ${all} moved from ${from} to ${to}; nobody counted all rows at the switch.`
    : `${migration}: ${plural(rows, "row")} in ${all} moved from ${from} to ${to}.`;
}

function paused(pauses: readonly WritePause[]): string {
  if (pauses.length === 0) return "How long writes were stopped was not measured.";
  if (pauses.every(({ seconds }) => seconds === 0)) return "Zero downtime: writes were never stopped.";
  const each = pauses.map(({ of, seconds }) => `${spelled(seconds)} for the ${of}`);
  const unknown = pauses.some(({ seconds }) => seconds === null);
  const sum = pauses.reduce((total, { seconds }) => total + (seconds ?? 0), 0);
  const all = pauses.length === 1 ? "" : `; ${spelled(sum)} in all${unknown ? " that is known" : ""}`;
  return `Writes were stopped ${each.join(", ")}${all}.`;
}

function behind(lag: number | null): string {
  return lag === null
    ? "How far the stream was behind when writes stopped was not known."
    : `The stream was ${spelled(lag)} behind when writes stopped.`;
}

function proven({ equal, keysAtFence, rowsCleanBefore, rowsAtFence }: DeliveredProof): string {
  const whole = rowsAtFence === 0n ? "" : ` and ${plural(rowsAtFence, "row")} of whole tables`;
  const looked = `${plural(keysAtFence, "key")}${whole} compared while nobody could write, and ${plural(rowsCleanBefore, "row")} before that which nothing touched since`;
  return equal
    ? `Proof: ${looked}; no difference was found.`
    : `No proof: ${looked}; the sides were not found equal.`;
}

/** Never rounded to nothing: what was not zero does not read as zero. */
function spelled(seconds: number | null): string {
  if (seconds === null) return "for a time that was not measured";
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return "less than 0.001 s";
  return `${seconds < 10 ? seconds.toFixed(3) : seconds.toFixed(1)} s`;
}

function plural(count: bigint, word: string): string {
  return `${grouped(count)} ${word}${count === 1n ? "" : "s"}`;
}

/** 1,234,567, the same in every locale. */
function grouped(count: bigint): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/gu, ",");
}
