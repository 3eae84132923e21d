/**
 * Where in which file of the log a feed at second hand stands: reading the log itself would have to begin there, and what comes
 * may be held against it, because in one server's files places grow as transactions follow one another.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import type { LogPlace } from "../../../src/stream-port.js";
import { compareFiles, isOneSeries } from "./log-file.js";

/** Where in a file reading the log itself would have to begin: the last place that was told, or the first of the given ones. */
export class Where {
  #server: string | undefined;
  #file = "";
  #offset = "0";
  /** The place is of a record of this reading. */
  #told = false;
  /** Something is met that stands behind the place, nobody knows where. */
  #floats = false;

  constructor(from: readonly Position[]) {
    const [first] = from;
    if (first === undefined) throw new Fault("bug", "A feed was to begin at no position.");
    const places = from.filter(({ file }) => seriesOf(file) === seriesOf(first.file));
    const lowest = places.reduce((low, one) => (compareFiles(placeOf(one), placeOf(low)) < 0 ? one : low));
    this.#file = lowest.file;
    this.#offset = lowest.offset;
    this.#server = lowest.kind === "gtid" ? lowest.server : undefined;
  }

  move({ file, offset }: LogPlace): void {
    this.#floats = file === "";
    if (file === "") return;
    this.#told = true;
    if (file === this.#file && offset === this.#offset) return;
    // Whose file it is nobody says.
    this.#server = undefined;
    this.#file = file;
    this.#offset = offset;
  }

  /** Whether a transaction that is met stands behind the place, or a new one before it. */
  belies({ file, offset }: LogPlace, met: boolean): boolean {
    if (!this.#told || file === "" || (file !== this.#file && !isOneSeries(file, this.#file))) return false;
    const order = compareFiles(
      { file, offset: Number(offset) },
      { file: this.#file, offset: Number(this.#offset) },
    );
    return met ? order > 0 && !this.#floats : order < 0;
  }

  position(set: string): Position {
    const server = this.#server === undefined ? {} : { server: this.#server };
    return { kind: "gtid", set, file: this.#file, offset: this.#offset, ...server };
  }
}

function placeOf({ file, offset }: Position): { readonly file: string; readonly offset: number } {
  return { file, offset: Number(offset) };
}

function seriesOf(file: string): string {
  return file.replace(/\.\d+$/u, "");
}
