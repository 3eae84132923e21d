/**
 * The journal of the night: a file of JSON lines, each safe on disk before whatever it announces is done. It is read with
 * every database down. A last line that is torn was never answered for, so what it announces was not begun: it is cut off,
 * and told. A line that is torn before the last one is no crash's doing, and nothing goes on from it.
 */
import { mkdir, open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { JournalEntry } from "../cutover-port.js";
import { Fault } from "../errors.js";

/** What is written down; the number and the time are the journal's. */
export type Entry = Omit<JournalEntry, "number" | "at">;

export interface Journal {
  /** Oldest first. */
  readonly entries: readonly JournalEntry[];
  /** Resolves when it is safe on disk; rejects where it may not be, and then nothing of it may be done. */
  append(entry: Entry): Promise<void>;
}

const entrySchema = z.strictObject({
  number: z.int().min(1),
  cutover: z.string().min(1),
  step: z.string().min(1),
  phase: z.enum(["about-to", "done", "undone", "decided", "entered"]),
  at: z.string(),
  note: z.record(z.string(), z.unknown()).nullable(),
});

export interface ReadJournal {
  readonly entries: readonly JournalEntry[];
  /** Where the last whole line ends, in bytes. */
  readonly end: number;
  /** Bytes of a last line that is not whole. */
  readonly torn: number;
}

export function journalPath(stateDirectory: string): string {
  return join(stateDirectory, "journal.jsonl");
}

/** Reads only. No entries where there is no file. Fault journal-unreadable. */
export async function readJournal(path: string): Promise<ReadJournal> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { entries: [], end: 0, torn: 0 };
    throw error;
  }
  const entries: JournalEntry[] = [];
  let end = 0;
  for (let start = 0; start < bytes.length; start = end) {
    const newline = bytes.indexOf(10, start);
    if (newline < 0) break;
    const entry = parsed(bytes.toString("utf8", start, newline));
    // A disk may have kept a line's end and lost what is before it.
    if (entry === null && newline === bytes.length - 1) break;
    if (entry === null || entry.number !== entries.length + 1)
      throw new Fault(
        "journal-unreadable",
        `Line ${String(entries.length + 1)} of ${path} is not what was written there.`,
      );
    entries.push(entry);
    end = newline + 1;
  }
  return { entries, end, torn: bytes.length - end };
}

function parsed(line: string): JournalEntry | null {
  try {
    const found = entrySchema.safeParse(JSON.parse(line));
    return found.success ? found.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export interface JournalOptions {
  readonly path: string;
  /** For people. */
  readonly today: () => Date;
  readonly onTorn: (bytes: number) => void;
  /** Entries that the target's ledger has, for a file that has fewer: it was lost, or this is another machine. */
  readonly elsewhere?: readonly JournalEntry[];
}

/** Opens the file for writing, and makes it where there is none. */
export async function openJournal(options: JournalOptions): Promise<FileJournal> {
  const { path, onTorn, elsewhere = [] } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const read = await readJournal(path);
  const file = await open(path, "a", 0o600);
  try {
    if (read.torn > 0) {
      await file.truncate(read.end);
      onTorn(read.torn);
    }
    await file.sync();
    // The name of the file, too, has to be there after a crash.
    await using folder = await open(dirname(path), "r");
    await folder.sync();
    const journal = new FileJournal(options, file, read);
    for (const entry of elsewhere.slice(read.entries.length)) await journal.take(entry);
    return journal;
  } catch (error) {
    await file.close();
    throw error;
  }
}

export class FileJournal implements Journal, AsyncDisposable {
  readonly #options: JournalOptions;
  readonly #file: FileHandle;
  readonly #entries: JournalEntry[];
  /** Bytes that the file has, if nobody else writes to it. */
  #end: number;
  #broken: Fault | null = null;
  /** Settles when whoever writes has written: two at once would number their entries alike. */
  #written: Promise<unknown> = Promise.resolve();

  constructor(
    options: JournalOptions,
    file: FileHandle,
    { entries, end }: Pick<ReadJournal, "entries" | "end">,
  ) {
    this.#options = options;
    this.#file = file;
    this.#entries = [...entries];
    this.#end = end;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  async append(entry: Entry): Promise<void> {
    await this.#inTurn(() =>
      this.#take({
        number: this.#entries.length + 1,
        ...entry,
        at: this.#options.today().toISOString(),
      }),
    );
  }

  /** An entry as it was written elsewhere. */
  async take(entry: JournalEntry): Promise<void> {
    await this.#inTurn(() => this.#take(entry));
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const before = this.#written;
    const writing = (async () => {
      await before;
      await act();
    })();
    this.#written = Promise.allSettled([writing]);
    await writing;
  }

  async #take(entry: JournalEntry): Promise<void> {
    // What a failed write has left is not known, and a second one behind it might hide that.
    if (this.#broken !== null) throw this.#broken;
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      // Two engines that number their entries alike would leave a file that nobody can go on from.
      if ((await this.#file.stat()).size !== this.#end)
        throw new Fault("claimed", `Somebody else has written to ${this.#options.path}.`);
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#end += line.length;
    } catch (error) {
      this.#broken = new Fault(
        "file-refused",
        `The journal ${this.#options.path} cannot be written, so nothing is begun that it does not hold.`,
        { cause: error },
      );
      throw this.#broken;
    }
    this.#entries.push(entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
