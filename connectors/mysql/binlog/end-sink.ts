/** Waits for the end of one transaction that was prepared (XA); of everything else in the log it wants nothing. */
import type { ChangeSink, PreparedEnd, SourceTransaction } from "../../../src/stream-port.js";

export class EndSink implements ChangeSink {
  end: PreparedEnd | null = null;
  readonly #name: string;
  readonly #enough: () => void;
  #xid: string | null = null;

  /** `name`: of the transaction that was prepared, in small letters. */
  constructor(name: string, enough: () => void) {
    this.#name = name;
    this.#enough = enough;
  }

  prepares({ name }: SourceTransaction, _: readonly string[], xid: string): void {
    if (name.toLowerCase() === this.#name) this.#xid = xid;
  }

  ends({ name }: SourceTransaction, xid: string, committed: boolean): void {
    if (this.end !== null || this.#xid !== xid) return;
    this.end = { at: { gtid: name, file: "", offset: "" }, committed };
    this.#enough();
  }

  begin = (): void => undefined;
  wants = (): boolean => false;
  change = (): void => undefined;
  truncate = (): void => undefined;
  endsUnseen = (): void => undefined;
  marker = (): void => undefined;
  commit = (): void => undefined;
  schemaChange = (): void => undefined;
  idle = (): void => undefined;
  full = (): boolean => false;

  async drained(): Promise<void> {
    await Promise.resolve();
  }
}
