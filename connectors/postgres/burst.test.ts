/** What a burst puts on the wire, with a COPY's bytes among its statements, and how much of it at once. */
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { Connection } from "pg";
import { expect, test } from "vitest";
import { Burst, ParsedStatements } from "./burst.js";
import type { BurstStatement } from "./burst.js";

/** A socket whose kernel takes what it is given only when a test says so. */
class Slow extends Duplex {
  readonly taken: Buffer[] = [];
  #waiting: (() => void)[] = [];

  override _read(): void {
    return;
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#waiting.push(() => {
      this.taken.push(...chunks.map(({ chunk }) => chunk));
      done();
    });
  }

  /** Takes all that waits; false where nothing did. */
  takeAll(): boolean {
    const waiting = this.#waiting.splice(0);
    for (const go of waiting) go();
    return waiting.length > 0;
  }
}

const plain = (sql: string): BurstStatement => ({ sql, values: [], doing: "testing" });

/** Types and lengths of the messages that were sent. */
function messages(taken: readonly Buffer[]): string[] {
  const bytes = Buffer.concat(taken);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1))
    found.push(String.fromCharCode(bytes[at] ?? 0));
  return found;
}

test("a COPY's bytes stand between its statement and the next, and one Sync ends all of it", async () => {
  const stream = new Slow();
  const copy = [Buffer.alloc(10, 1), Buffer.alloc(20, 2)];
  const burst = new Burst(
    [plain("SAVEPOINT a"), { ...plain("COPY a FROM STDIN"), copy }, plain("UPDATE a")],
    new ParsedStatements(),
  );
  burst.submit(new Connection({ stream: () => stream }));
  while (stream.takeAll()) await turn();
  expect(messages(stream.taken).join("")).toBe("PBEPBEddcPBES");
  burst.handleCopyInResponse();
  for (const text of ["SAVEPOINT", "COPY 7", "UPDATE 3"]) burst.handleCommandComplete({ text });
  burst.handleReadyForQuery();
  expect((await burst.done).map(({ count }) => count)).toEqual([0, 7, 3]);
});

test("what waits in this process is bounded, and nothing of it is lost or copied", async () => {
  const stream = new Slow();
  const copy = Array.from({ length: 32 }, (_, i) => Buffer.alloc(262_144, i));
  const burst = new Burst(
    [{ ...plain("COPY a FROM STDIN"), copy }, plain("UPDATE a")],
    new ParsedStatements(),
  );
  burst.submit(new Connection({ stream: () => stream }));
  let most = stream.writableLength;
  while (stream.takeAll()) {
    await turn();
    most = Math.max(most, stream.writableLength);
  }
  expect(most).toBeGreaterThan(2_000_000);
  expect(most).toBeLessThan(2_400_000);
  expect(messages(stream.taken).join("")).toBe(`PBE${"d".repeat(32)}cPBES`);
  expect(stream.taken.filter(({ length }) => length === 262_144).every((chunk, i) => chunk === copy[i])).toBe(
    true,
  );
});

test("a socket that is gone is written to no more", () => {
  const stream = new Slow();
  stream.destroy();
  const burst = new Burst(
    [{ ...plain("COPY a FROM STDIN"), copy: [Buffer.alloc(10)] }],
    new ParsedStatements(),
  );
  burst.submit(new Connection({ stream: () => stream }));
  expect(stream.writableLength).toBe(0);
});
