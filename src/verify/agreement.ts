/**
 * Rows whose digests part and whose bytes do not. Mostly the source has moved between the two looks; but the bytes come
 * through the codecs that have copied the rows, so an error of a codec's own is on both sides of them, and a digest alone
 * can tell it. So such a row is read once more with bytes and hash in one view of the source: where the hash is still
 * another one than the target's and the bytes are the same, one of the two methods is wrong, and nobody may say `equal`.
 */
import { Fault } from "../errors.js";
import type { PlanTable } from "../model.js";
import type { RowSink, SourceDigests } from "../port.js";
import { hashedRows, keyAndHash } from "./bisect.js";
import type { ListedKey } from "./bisect.js";
import { askedKeys } from "./by-keys.js";
import type { Comparer } from "./comparer.js";
import type { DigestTexts } from "./digest-texts.js";
import { SourceShape } from "./source-rows.js";
import { TupleView, rowShape } from "./tuple.js";
import { tuplesOf } from "./tuples.js";

/** Fault bug where the two methods contradict each other. */
export async function demandAgreement(
  comparer: Comparer,
  table: PlanTable,
  { source, texts }: { readonly source: SourceDigests; readonly texts: DigestTexts },
  listed: readonly ListedKey[],
  signal: AbortSignal,
): Promise<void> {
  const asked = listed.filter(({ target }) => target !== null && !isNone(target));
  for (let at = 0; at < asked.length; at += askedKeys) {
    const some = asked.slice(at, at + askedKeys);
    const odd = await contradicting(comparer, table, source.hash(texts.source), some, signal);
    if (odd > 0)
      throw new Fault(
        "bug",
        `${String(odd)} rows of ${table.source} are the same bytes on both sides, and the two servers' digests of them part: one of the two ways to compare them is wrong, so nothing is said of this table.`,
        {
          next: "Look at these rows on both sides; headgate verify --method stream compares their bytes alone.",
        },
      );
  }
}

/** How many of these rows have equal bytes and other hashes. */
async function contradicting(
  { look, reader, engine }: Comparer,
  table: PlanTable,
  hash: string,
  listed: readonly ListedKey[],
  signal: AbortSignal,
): Promise<number> {
  const shape = rowShape(table);
  const there = new Map(listed.map(({ key, target }) => [key.toString("latin1"), target]));
  const suspects = new Map<string, Buffer>();
  const view = new TupleView(shape);
  const { select, sink } = hashedRows(table, table.columns, engine, (tuple) => {
    const { key: row, hash: here } = keyAndHash(tuple);
    const key = view.read(row, 0).key().toString("latin1");
    const target = there.get(key);
    if (typeof target === "string" && target !== here && !isNone(here)) suspects.set(key, row);
  });
  const rows: RowSink = {
    ...sink,
    row: (packet, start, end) => {
      try {
        sink.row(packet, start, end);
      } catch (error) {
        // The row was equal a moment ago: an event has made it so since, and its key is looked at again for that.
        if (!(error instanceof Fault) || error.code !== "value-refused") throw error;
      }
    },
  };
  const keys = new SourceShape(shape, engine).asked(listed.map(({ key }) => key));
  const query = { table: table.source, select: [...select, hash], key: table.key, range: null, keys };
  await reader.read({ ...query, ordered: false }, rows, signal);
  if (suspects.size === 0) return 0;
  let odd = 0;
  const asked = listed.filter(({ key }) => suspects.has(key.toString("latin1"))).map(({ key }) => key);
  await look.read(
    {
      table,
      columns: shape.places,
      wanted: { kind: "keys", keys: tuplesOf(asked) },
      ordered: false,
    },
    {
      tuple: (bytes, start, end) => {
        const row = suspects.get(view.read(bytes, start).key().toString("latin1"));
        if (row?.equals(bytes.subarray(start, end)) === true) odd += 1;
      },
      full: () => false,
      drained: () => Promise.resolve(),
    },
    signal,
  );
  return odd;
}

/** What stands for the hash of a row that a server has no text for. */
function isNone(hash: string): boolean {
  return /^(.)\1*$/u.test(hash);
}
