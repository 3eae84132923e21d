/**
 * Several statements in one round trip: all of them are sent with one Sync at the end, so the server answers once,
 * and leaves out whatever follows the first that fails. pg sends a query only when the one before was answered, which
 * is most of the time of a small batch, and in a large one leaves the server idle for as long as this process is busy
 * with something else. A COPY's bytes go along: the server takes them up to the end of the COPY, or leaves them out.
 * Values are bytes in binary form or texts; answers are texts, without names.
 */
import type { Connection, Submittable } from "pg";

export interface BurstStatement {
  readonly sql: string;
  /** A Buffer goes as the binary form of its parameter's type, everything else as text. */
  readonly values: readonly (Buffer | string | null)[];
  /** For the sentence of a Fault: "updating orders". */
  readonly doing: string;
  /** Parsed once a session: for statements that come again. */
  readonly keep?: boolean;
  /** Of a COPY FROM STDIN: all that it reads. They are the burst's until it has ended, and are not copied. */
  readonly copy?: readonly Buffer[];
}

export interface BurstResult {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Rows that the statement touched. */
  readonly count: number;
  /** `COMMIT`, `ROLLBACK`, `UPDATE`, ... */
  readonly command: string;
}

/** What a burst failed with, and at which of its statements. */
interface BurstFailure {
  readonly error: unknown;
  readonly index: number;
}

export function isBurstFailure(value: unknown): value is BurstFailure {
  return typeof value === "object" && value !== null && "error" in value && "index" in value;
}

/** Names of statements that the server has parsed. It keeps a plan's memory for each, so only the last ones stay. */
export class ParsedStatements {
  static readonly most = 200;
  readonly #names = new Map<string, string>();
  #made = 0;

  /** The statement's name where the server has it; it becomes the youngest. */
  known(sql: string): string | undefined {
    const name = this.#names.get(sql);
    if (name !== undefined) {
      this.#names.delete(sql);
      this.#names.set(sql, name);
    }
    return name;
  }

  /** A name that was never used: a statement whose parsing failed half-way may or may not be there. */
  fresh(): string {
    this.#made += 1;
    return `headgate_${String(this.#made)}`;
  }

  add(sql: string, name: string): void {
    this.#names.set(sql, name);
  }

  /** The name of one that is to be closed, where there are too many. */
  oldest(): string | undefined {
    if (this.#names.size <= ParsedStatements.most) return undefined;
    for (const [sql, name] of this.#names) {
      this.#names.delete(sql);
      return name;
    }
    return undefined;
  }
}

/** So much may wait in this process: the server has enough to do while we are busy, and TLS copies all that waits. */
const aheadBytes = 2_097_152;

const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/** CopyData's, in front of so many bytes. */
function copyHead(length: number): Buffer {
  const head = Buffer.allocUnsafe(5);
  head[0] = 0x64;
  head.writeInt32BE(length + 4, 1);
  return head;
}

interface Message {
  readonly fields?: readonly (string | null)[];
  readonly text?: string;
}

/** One burst. pg calls the handle… methods as answers come in. */
export class Burst implements Submittable {
  readonly done: Promise<readonly BurstResult[]>;
  readonly #statements: readonly BurstStatement[];
  readonly #parsed: ParsedStatements;
  readonly #names: (string | undefined)[] = [];
  readonly #results: BurstResult[] = [];
  #rows: (readonly (string | null)[])[] = [];
  #resolve: (results: readonly BurstResult[]) => void = () => undefined;
  #reject: (failure: BurstFailure) => void = () => undefined;

  constructor(statements: readonly BurstStatement[], parsed: ParsedStatements) {
    this.#statements = statements;
    this.#parsed = parsed;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    this.#send(connection, this.#messages(connection));
  }

  /** One write for all of it, where that is not too much; then the rest whenever the kernel has taken what waited. */
  #send(connection: Connection, messages: Iterator<void>): void {
    const { stream } = connection;
    stream.cork();
    let over = false;
    while (!over && stream.writableLength < aheadBytes) over = messages.next().done === true;
    if (!over) stream.once("drain", () => this.#send(connection, messages));
    stream.uncork();
  }

  /** Sends one message or few before each yield. */
  *#messages(connection: Connection): Generator<void> {
    for (const statement of this.#statements) {
      const known = statement.keep === true ? this.#parsed.known(statement.sql) : undefined;
      const name = known ?? (statement.keep === true ? this.#parsed.fresh() : "");
      if (known === undefined) connection.parse({ name, text: statement.sql, types: [] }, true);
      this.#names.push(name === "" ? undefined : name);
      connection.bind({ portal: "", statement: name, values: [...statement.values], binary: "" }, true);
      connection.execute({ portal: "", rows: "" }, true);
      yield;
      if (statement.copy !== undefined) yield* copying(connection, statement.copy);
    }
    const old = this.#parsed.oldest();
    if (old !== undefined) connection.close({ type: "S", name: old }, true);
    connection.sync();
  }

  /** What it asks for is on its way. */
  handleCopyInResponse(): void {
    return;
  }

  handleDataRow(message: Message): void {
    this.#rows.push([...(message.fields ?? [])]);
  }

  handleCommandComplete(message: Message): void {
    const tag = message.text ?? "";
    const index = this.#results.length;
    const statement = this.#statements[index];
    const name = this.#names[index];
    if (statement !== undefined && name !== undefined) this.#parsed.add(statement.sql, name);
    this.#results.push({
      rows: this.#rows,
      count: Number(/(\d+)$/.exec(tag)?.[1] ?? 0),
      command: tag.split(" ")[0] ?? "",
    });
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#results);
  }

  /** Of the server, or of the socket. */
  handleError(error: unknown): void {
    this.#reject({ error, index: this.#results.length });
  }
}

function* copying({ stream }: Connection, chunks: readonly Buffer[]): Generator<void> {
  for (const chunk of chunks) {
    // A dead socket is told to the burst by pg.
    if (!stream.writable) return;
    stream.write(copyHead(chunk.length));
    stream.write(chunk);
    yield;
  }
  stream.write(copyDone);
}
