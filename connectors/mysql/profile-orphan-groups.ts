/**
 * Orphans counted without an index. Where none of the parent's serves (a key that the target will not have, labels
 * compared by number, two character sets) a look at the parent for every child is a scan for every child: a million rows
 * beside a million take days. Here the server sorts both tables once by what the key compares, and every group tells how
 * many children and how many parents it has; that needs no index, and every server can do it.
 */
import type { PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection, Row } from "./connection.js";
import { togetherOf } from "./profile-piece.js";
import type { Piece, Pieces } from "./profile-piece.js";
import { packed, packedGroup, roomAgain, roomToPack, sampleSize, unpacked } from "./profile-sample.js";
import type { Samples } from "./profile-sample.js";

/** One value of both sides, as SQL over the child's rows, c, and the parent's, p. */
export interface Compared {
  readonly child: string;
  readonly parent: string;
}

export interface Groups {
  /** What the source finds a parent by. */
  readonly found: readonly Compared[];
  /** What has to be alike too for the target to find it. */
  readonly alike: readonly Compared[];
}

/** What is shown of a child's row, as SQL over c. */
export interface Shown {
  readonly key: readonly string[];
  /** Empty where nobody asked to see values. */
  readonly values: readonly string[];
}

export interface Counted {
  readonly missing: number;
  readonly unlike: number;
  samples(of: "missing" | "unlike"): Promise<Samples>;
}

/** The server looks at the first 1024 bytes of a value when it sorts: equal ones would lie apart. No index takes longer ones than these. */
const sorting = `SET SESSION max_sort_length = 8192, sort_buffer_size = 4194304, ${roomToPack}`;
const sortingAgain = `SET SESSION max_sort_length = DEFAULT, sort_buffer_size = DEFAULT, ${roomAgain}`;

export async function countGroups(
  connection: Connection,
  table: PlanTable,
  parent: PlanTable,
  groups: Groups,
  shown: Shown,
  pieces: Pieces,
  signal: AbortSignal | undefined,
): Promise<Counted> {
  const children = togetherOf(table, pieces);
  const ask = async (select: string, families: string, rest = ""): Promise<readonly Row[]> => {
    await connection.query(sorting);
    try {
      return await connection.query(
        `SELECT ${select} FROM (${families}) AS f${rest}`,
        children.params,
        signal,
      );
    } finally {
      if (connection.open) await connection.query(sortingAgain);
    }
  };
  const sum = (when: string, what: string): string => `CAST(SUM(IF(${when}, ${what}, 0)) AS CHAR)`;
  const [row] = await ask(
    `${sum("p = 0", "c")}, ${sum("p > 0", "lost")}`,
    familiesOf(parent, groups, children, null),
  );
  return {
    missing: Number(row?.[0] ?? 0),
    unlike: Number(row?.[1] ?? 0),
    samples: async (of) => {
      const { key, values } = shown;
      if (key.length + values.length === 0) return { keys: [], values: null };
      const families = familiesOf(parent, groups, children, packed(key, values));
      const [when, which] = of === "missing" ? ["p = 0", "s"] : ["p > 0 AND lost > 0", "l"];
      const rows = await ask(which, families, ` WHERE ${when} LIMIT ${String(sampleSize)}`);
      return unpacked(
        rows.map(([cell]) => cell),
        key.length,
        values.length > 0,
      );
    },
  };
}

/** A row for each value that the source holds equal: c children, p parents, the children that no parent is alike to, and keys of both where they are asked for. */
function familiesOf(
  parent: PlanTable,
  { found, alike }: Groups,
  children: Piece,
  key: string | null,
): string {
  const k = found.map((_, at) => `k${String(at)}`);
  const b = alike.map((_, at) => `b${String(at)}`);
  const select = (side: keyof Compared): string =>
    [
      ...found.map((value, at) => `${value[side]} AS ${k[at] ?? ""}`),
      // A hash is short and whole; the weights of a collation are sorted as if all of them were long.
      ...alike.map((value, at) => `UNHEX(SHA2(${value[side]}, 256)) AS ${b[at] ?? ""}`),
      side === "child" ? "1 AS c, 0 AS p" : "0 AS c, 1 AS p",
      ...(key === null ? [] : [`${side === "child" ? key : "NULL"} AS s`]),
    ].join(", ");
  // MATCH SIMPLE: a NULL asks for no parent, and is nobody's.
  const where = (side: keyof Compared): string =>
    found.map((value) => `${value[side]} IS NOT NULL`).join(" AND ");
  const rows =
    `SELECT ${select("child")} FROM ${children.from} AS c WHERE ${where("child")} UNION ALL ` +
    `SELECT ${select("parent")} FROM ${mysqlName(parent.source)} AS p WHERE ${where("parent")}`;
  const listed = (what: string): string => packedGroup(what, "s");
  const counts = (from: string, by: readonly string[], more: string): string =>
    `SELECT SQL_BIG_RESULT ${by.join(", ")}, SUM(c) AS c, SUM(p) AS p${more} FROM (${from}) AS ${by === k ? "a" : "u"} GROUP BY ${by.join(", ")}`;
  const texts = counts(rows, [...k, ...b], key === null ? "" : `, ${listed("s")} AS s`);
  // What a policy makes NULL asks the target for no parent.
  const lost = b.length === 0 ? "FALSE" : ["p = 0", ...b.map((name) => `${name} IS NOT NULL`)].join(" AND ");
  return counts(
    texts,
    k,
    `, SUM(IF(${lost}, c, 0)) AS lost${key === null ? "" : `, ${listed("s")} AS s, ${listed(`IF(${lost}, s, NULL)`)} AS l`}`,
  );
}
