/**
 * A trap: tables of its own and what is done to them at three times of a live migration. All traps are walked into by one
 * engine in one run; the oracle says of each whether its tables are equal on both sides.
 */

export interface Trap {
  /** `trap 2: ...` by its line in traps.md, or the museum's name. */
  readonly name: string;
  /** Its tables; the oracle compares each of them. */
  readonly tables: readonly string[];
  /** CREATE and first rows. */
  readonly made: readonly string[];
  /** After the start is noted and before anything is read: the log replays these over what has them already. */
  readonly started?: readonly string[];
  /** When some tables are read and some are not. */
  readonly copying?: readonly string[];
  /** Past the join, where every change must hit. */
  readonly joined?: readonly string[];
  /** Statements that begin with this run in a second session. */
  readonly rows: readonly number[];
}

export const second = "/* second */ ";

/** A transaction of these. */
export const together = (...statements: readonly string[]): readonly string[] => [
  "BEGIN",
  ...statements,
  "COMMIT",
];
