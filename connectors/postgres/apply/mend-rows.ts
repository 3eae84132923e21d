/**
 * What a repair has to do to rows, from what stands on the target now: by key, each whole row that is not as the source has
 * it goes and comes again; of a table without a key, missing copies come and surplus ones go.
 */
import { createHash } from "node:crypto";
import type { Tuples } from "../../../src/stream-port.js";
import type { Mended, Mending } from "../../../src/mend-port.js";
import type { Session } from "../connection.js";
import { foundSql, goneSql, takenSql } from "./mend-sql.js";
import type { ScannedCopies } from "./mend-scan.js";
import type { TableShape } from "./shape.js";
import { wantedKey } from "./statements.js";
import { arraySlices } from "./tuples.js";

export interface Change {
  readonly key: Buffer;
  readonly did: Exclude<Mended["did"], "touched">;
  readonly copies: number;
  /** Hex of SHA-256 of the row on the target before and after; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
  readonly row: Buffer | null;
  /** The verification that named it. */
  readonly run: string;
}

interface Delete {
  readonly sql: string;
  readonly values: readonly (Buffer | string)[];
  /** How many rows it has to take away; null where it takes whatever is there. */
  readonly rows: number | null;
}

export interface Changes {
  readonly rows: readonly Change[];
  readonly deletes: readonly Delete[];
  readonly inserts: Tuples;
}

/** Places that one statement takes rows from. */
const takenAtOnce = 1_000;
/** A statement's parameters. */
const sliceLimit = { rows: 5_000, bytes: 4_194_304 };

export async function mendKeys(
  session: Session,
  shape: TableShape,
  rows: readonly Mending[],
): Promise<Changes> {
  /** Digest of the row with the very same key, and whether there is one whose key is merely equal. */
  const found = rows.map((): { same: string | null; alike: boolean } => ({ same: null, alike: false }));
  let first = 0;
  const keys = tuplesOf(rows.map(({ key }) => key));
  for (const slice of arraySlices(keys, shape.key.length, wantedKey(shape), sliceLimit)) {
    const doing = `looking at rows of ${shape.table.target}`;
    const [answer] = await session.burst([{ sql: foundSql(shape), values: slice.arrays, doing }]);
    for (const [number, digest, same] of answer?.rows ?? []) {
      const place = found[first + Number(number) - 1];
      if (place === undefined) continue;
      if (same === "true") place.same = digest ?? null;
      else place.alike = true;
    }
    first += slice.rows;
  }
  const changes = rows.map(({ key, row, run }, index): Change => {
    const { same, alike } = found[index] ?? { same: null, alike: false };
    const after = row === null ? null : digestOf(row);
    const did =
      same === after && !(row !== null && alike)
        ? "equal"
        : row === null
          ? "deleted"
          : same === null && !alike
            ? "inserted"
            : "updated";
    return { key, did, copies: did === "equal" ? 0 : 1, before: same, after, row, run };
  });
  const goes = (wanted: (change: Change) => boolean): Tuples =>
    tuplesOf(changes.filter(wanted).map(({ key }) => key));
  return {
    rows: changes,
    deletes: [
      // A row that only has to go is the very one: another whose key is equal by its collation is another row's.
      ...deletesOf(
        shape,
        goes(({ did }) => did === "deleted"),
        true,
      ),
      // Where one comes, what has an equal key is in its way.
      ...deletesOf(
        shape,
        goes(({ did }) => did === "updated"),
        false,
      ),
    ],
    inserts: tuplesOf(
      changes.flatMap(({ did, row }) =>
        row !== null && (did === "inserted" || did === "updated") ? [row] : [],
      ),
    ),
  };
}

function deletesOf(shape: TableShape, keys: Tuples, exact: boolean): Changes["deletes"] {
  return [...arraySlices(keys, shape.key.length, wantedKey(shape), sliceLimit)].map(({ arrays }) => ({
    sql: goneSql(shape, exact),
    values: arrays,
    rows: null,
  }));
}

/** What has to be done to copies, from what a scan has found of them. */
export function mendCopies(shape: TableShape, rows: readonly Mending[], scanned: ScannedCopies): Changes {
  const changes = rows.map(({ key, row, copies, run }): Change => {
    const digest = key.toString("hex");
    const found = scanned.get(digest);
    const have = found?.copies ?? 0;
    const did = have === copies ? "equal" : have > copies ? "deleted" : "inserted";
    return {
      key,
      did,
      copies: did === "deleted" ? (found?.surplus.length ?? 0) : copies - have,
      before: have > 0 ? digest : null,
      after: copies > 0 ? digest : null,
      row,
      run,
    };
  });
  const surplus = changes.flatMap(({ did, key }) => {
    const digest = key.toString("hex");
    return did === "deleted"
      ? (scanned.get(digest)?.surplus ?? []).map((place) => ({ ...place, digest }))
      : [];
  });
  const deletes: Delete[] = [];
  for (let at = 0; at < surplus.length; at += takenAtOnce) {
    const some = surplus.slice(at, at + takenAtOnce);
    deletes.push({
      sql: takenSql(shape),
      values: [
        `{${some.map(({ part }) => part).join(",")}}`,
        `{${some.map(({ place }) => `"${place}"`).join(",")}}`,
        `{${some.map(({ digest }) => digest).join(",")}}`,
      ],
      rows: some.length,
    });
  }
  return {
    rows: changes,
    deletes,
    inserts: tuplesOf(
      changes.flatMap(({ did, row, copies }) =>
        did === "inserted" && row !== null ? Array.from({ length: copies }, () => row) : [],
      ),
    ),
  };
}

function tuplesOf(chunks: readonly Buffer[]): Tuples {
  return { rows: chunks.length, bytes: chunks.reduce((sum, { length }) => sum + length, 0), chunks };
}

function digestOf(row: Buffer): string {
  return createHash("sha256").update(row).digest("hex");
}
