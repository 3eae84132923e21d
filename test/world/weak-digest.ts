/**
 * Digests as they must not be, over those of real servers: a test that finds nothing by one of these has shown that its
 * case is one which the form is for. What they miss on the two sides is the same.
 */
import type { RowReader, RowSink, SourceDigests } from "../../src/port.js";
import type {
  DigestQuery,
  DigestSums,
  DigestText,
  TargetDigests,
  TargetLook,
  TupleSink,
} from "../../src/verify-port.js";

export type Weakness =
  /** A column of this name is in no row's text. */
  | { readonly without: string }
  /** NULL is the empty text. */
  | { readonly unmarked: true }
  /** Cells stand one after the other, with nothing to tell where one ends. */
  | { readonly joined: true }
  /** Hashes are put together by XOR. */
  | { readonly xor: true };

export function weakened(
  look: TargetLook,
  reader: RowReader,
  weak: Weakness,
): { readonly look: TargetLook; readonly reader: RowReader } {
  const { digests: here } = look;
  const { digests: there } = reader;
  if (here === undefined || there === undefined) throw new Error("a side computes no digests");
  const target: TargetDigests = {
    sums: async (query, buckets, signal) =>
      "xor" in weak
        ? xored((sink) => here.hashes(query, all, sink, signal))
        : here.sums(lesser(query, weak), buckets, signal),
    hashes: (query, buckets, sink, signal) => here.hashes(lesser(query, weak), buckets, sink, signal),
  };
  const source: SourceDigests = {
    sums: async (query, buckets, signal) =>
      "xor" in weak
        ? xored((sink) => there.hashes({ ...query, select: [] }, all, rowSink(sink), signal))
        : there.sums(lesser(query, weak), buckets, signal),
    hashes: (query, buckets, sink, signal) => there.hashes(lesser(query, weak), buckets, sink, signal),
    hash: (texts) => there.hash(lesserTexts(texts, weak)),
  };
  return {
    look: {
      checkpoints: look.checkpoints,
      read: (query, sink, signal) => look.read(query, sink, signal),
      count: (table, signal) => look.count(table, signal),
      digests: target,
      [Symbol.asyncDispose]: () => look[Symbol.asyncDispose](),
    },
    reader: {
      read: (query, sink, signal) => reader.read(query, sink, signal),
      digests: source,
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    },
  };
}

function lesser<T extends DigestQuery>(query: T, weak: Weakness): T {
  return { ...query, texts: lesserTexts(query.texts, weak) };
}

function lesserTexts(texts: readonly DigestText[], weak: Weakness): readonly DigestText[] {
  if ("without" in weak)
    return texts.filter(({ value }) => value !== `\`${weak.without}\`` && value !== `"${weak.without}"`);
  const unmarked = texts.map(({ text, long }): DigestText => ({
    value: "0",
    text: `coalesce(${text}, '')`,
    long,
  }));
  if ("unmarked" in weak) return unmarked;
  if (!("joined" in weak)) return texts;
  const told = texts.map(
    ({ value, text }) => `CASE WHEN ${value} IS NULL THEN 'N' ELSE concat('V', ${text}) END`,
  );
  return [{ value: "0", text: `concat(${told.join(", ")})`, long: true }];
}

const all = { of: 1, only: [0] };

/** The hash is the last field of what is listed, 64 characters. */
async function xored(list: (sink: TupleSink) => Promise<void>): Promise<readonly DigestSums[]> {
  let [rows, sum] = [0, 0n];
  await list({
    tuple: (bytes, _start, end) => {
      rows += 1;
      sum ^= BigInt(`0x${bytes.toString("latin1", end - 64, end)}`);
    },
    full: () => false,
    drained: () => Promise.resolve(),
  });
  return [{ bucket: 0, rows: String(rows), sums: [String(sum), "0"] }];
}

function rowSink(sink: TupleSink): RowSink {
  return {
    row: (packet, start, end) => sink.tuple(packet, start, end),
    full: () => sink.full(),
    drained: () => sink.drained(),
  };
}
