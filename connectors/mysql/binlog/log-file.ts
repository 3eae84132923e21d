/**
 * Where in which file of the binary log an event stands. Events carry the low 32 bits of their end only, so that in
 * a file past 4 GB they begin anew: the high part is counted here.
 */
import { Fault } from "../../../src/errors.js";
import { types } from "./event.js";

export interface FilePlace {
  readonly file: string;
  readonly offset: number;
}

export function placeName({ file, offset }: FilePlace): string {
  return `${file}:${String(offset)}`;
}

/** -1, 0 or 1. Throws Fault position-unknown for files of two series. */
export function compareFiles(a: FilePlace, b: FilePlace): number {
  if (a.file !== b.file) {
    const [one, other] = [seriesOf(a.file), seriesOf(b.file)];
    if (one.name !== other.name)
      throw new Fault("position-unknown", `${a.file} and ${b.file} are no files of one binary log.`);
    // Numbers grow past the six digits that they are padded to.
    if (one.number !== other.number) return one.number < other.number ? -1 : 1;
  }
  return Math.sign(a.offset - b.offset);
}

/** Whether both are files of a binary log, and of one. */
export function isOneSeries(a: string, b: string): boolean {
  const [one, other] = [a, b].map((file) => /^(.+)\.\d+$/u.exec(file)?.[1]);
  return one !== undefined && one === other;
}

function seriesOf(file: string): { readonly name: string; readonly number: bigint } {
  const match = /^(.+)\.(\d+)$/u.exec(file);
  if (match === null) throw new Fault("position-unknown", `"${file}" is no file of a binary log.`);
  return { name: match[1] ?? "", number: BigInt(match[2] ?? "") };
}

const wrap = 2 ** 32;

export class LogFile implements FilePlace {
  /** Identity of the server whose file it is; empty where nobody has asked. */
  readonly server: string;
  file = "";
  /** End of the event that passed last. */
  offset = 0;
  /** Where it began. */
  start = 0;
  /** When the file was begun, in seconds by the source's clock; 0 before it has said so. */
  made = 0;

  constructor(server = "") {
    this.server = server;
  }

  rotate(file: string, offset: number): void {
    if (file !== this.file) this.made = 0;
    this.file = file;
    this.offset = offset;
    this.start = offset;
  }

  /** An event of so many bytes; `end` as its header has it. */
  pass(type: number, length: number, end: number): void {
    if (end === 0) {
      // MariaDB leaves it out inside of transactions; what the server makes up for us stands nowhere.
      if (type === types.formatDescription || type === types.gtidList) return;
      this.start = this.offset;
      this.offset += length;
      return;
    }
    let whole = this.offset - (this.offset % wrap) + end;
    if (whole < this.offset) whole += wrap;
    this.start = Math.max(whole - length, 0);
    this.offset = whole;
  }
}
