/**
 * What the target's catalogue says of a planned table: the types that parameters must have, the key's index, and what
 * would change our rows on their way in. Read once a session for each table that a batch touches. Domains are taken for
 * what they stand on: their rules are the table's business, not those of a parameter with a NULL in it.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import { postgresName } from "../../../src/safety/identifier.js";
import type { Session, TextRow } from "../connection.js";

export interface ColumnShape {
  /** Quoted. */
  readonly name: string;
  /** Qualified and quoted, without length or precision: `"pg_catalog"."bit"` is not bit(1). */
  readonly type: string;
  readonly oid: number;
  /** With length and precision, and the column's collation: for the columns of a table of our own. */
  readonly declared: string;
  /** Qualified and quoted; null where the type has none. */
  readonly collation: string | null;
  /** Schema and name of the collation as they are; null where the type has none. */
  readonly collated: string | null;
  /** The type as format_type() spells it; null of a domain, an enum and what an extension brings. */
  readonly builtIn: string | null;
  /** The function that gives the type's binary form. */
  readonly send: string;
  /** Rows of an array column cannot be rows of an array. */
  readonly array: boolean;
  /** There are arrays of the type. */
  readonly arrays: boolean;
  /** PostgreSQL computes it from others. */
  readonly generated: boolean;
  readonly notNull: boolean;
  /** Equal values of the type are equal bytes. */
  readonly exact: boolean;
  /** A hash join can be over it. */
  readonly hashable: boolean;
}

export interface TableShape {
  readonly table: PlanTable;
  /** Qualified and quoted. */
  readonly name: string;
  /** In plan order. */
  readonly columns: readonly ColumnShape[];
  /** Places of the key's columns, in the key's order; empty for a table without a key. */
  readonly key: readonly number[];
  /** Places that an INSERT names. */
  readonly written: readonly number[];
  /** Places that an UPDATE sets. */
  readonly set: readonly number[];
  /** Its rows can be handed over as one array a column. */
  readonly byArrays: boolean;
  /** It takes a COPY of whole rows as they are. */
  readonly byCopy: boolean;
}

const columnsSql = `
  SELECT a.attname AS name, a.attnum::text AS number, a.attgenerated AS generated, a.attnotnull::text AS not_null,
         pg_catalog.format_type(b.oid, b.typmod) AS declared,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS type,
         b.oid::text AS oid, t.typname AS bare, t.typcategory AS category, (t.typtype = 'e')::text AS enum,
         (t.typarray <> 0)::text AS arrays,
         (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname)
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
           WHERE p.oid = t.typsend) AS send,
         (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(l.collname)
            FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace cn ON cn.oid = l.collnamespace
           WHERE l.oid = a.attcollation) AS collation,
         (SELECT cn.nspname || '.' || l.collname
            FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace cn ON cn.oid = l.collnamespace
           WHERE l.oid = a.attcollation) AS collated,
         CASE WHEN b.oid = a.atttypid AND n.nspname = 'pg_catalog' THEN pg_catalog.format_type(b.oid, b.typmod) END AS built_in,
         coalesce((SELECT l.collisdeterministic FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation), true)::text
           AS deterministic
    FROM pg_catalog.pg_attribute a
    CROSS JOIN LATERAL (
      WITH RECURSIVE up AS (
        SELECT d.oid, d.typtype, d.typbasetype, a.atttypmod AS typmod, d.typtypmod AS next
          FROM pg_catalog.pg_type d WHERE d.oid = a.atttypid
        UNION ALL
        SELECT d.oid, d.typtype, d.typbasetype, up.next, d.typtypmod
          FROM up JOIN pg_catalog.pg_type d ON d.oid = up.typbasetype WHERE up.typtype = 'd')
      SELECT up.oid, up.typmod FROM up WHERE up.typtype <> 'd') b
    JOIN pg_catalog.pg_type t ON t.oid = b.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/** Unique, valid, over exactly these columns and no expression. */
const keyIndexSql = `
  SELECT 1 FROM pg_catalog.pg_index i
   WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate
     AND i.indpred IS NULL AND i.indexprs IS NULL
     AND (SELECT pg_catalog.array_agg(k.n ORDER BY k.n)
            FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (n, place) WHERE k.place <= i.indnkeyatts)
         = (SELECT pg_catalog.array_agg(w.n ORDER BY w.n) FROM pg_catalog.unnest($2::int2[]) AS w (n))
   LIMIT 1`;

/** What fires although session_replication_role is replica. */
const wakefulSql = `
  SELECT 'trigger ' || t.tgname AS what FROM pg_catalog.pg_trigger t
   WHERE t.tgrelid = pg_catalog.to_regclass($1) AND t.tgenabled IN ('A', 'R')
  UNION ALL
  SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite r
   WHERE r.ev_class = pg_catalog.to_regclass($1) AND r.ev_enabled IN ('A', 'R') LIMIT 1`;

/** Types whose equality says no more than their bytes. Of enums and of texts under a deterministic collation as well. */
const exactTypes = new Set([
  "bool",
  "int2",
  "int4",
  "int8",
  "uuid",
  "bytea",
  "date",
  "timestamp",
  "timestamptz",
  "text",
  "varchar",
]);

/** The table as it stands, to be read. */
export interface ColumnShapes {
  /** Qualified and quoted. */
  readonly name: string;
  /** In plan order. */
  readonly columns: readonly ColumnShape[];
  /** The columns' numbers in the catalogue, in plan order. */
  readonly numbers: readonly string[];
  /** Places of the key's columns, in the key's order; empty for a table without a key. */
  readonly key: readonly number[];
}

/** Faults: target-refused where the table or one of its columns is not there. */
export async function readColumns(session: Session, table: PlanTable, schema: string): Promise<ColumnShapes> {
  const name = `${postgresName(schema)}.${postgresName(table.target)}`;
  const { rows: all } = await session.query(columnsSql, [name], `looking at ${table.target}`);
  const rows = new Map(all.map((row) => [row["name"] ?? "", row]));
  if (rows.size === 0) throw refused(`The table ${table.target} is not on the target.`);
  const found = table.columns.map((column) => {
    const row = rows.get(column.target);
    if (row === undefined)
      throw refused(`The table ${table.target} has no column ${column.target} on the target.`);
    return row;
  });
  const key = (table.key?.columns ?? []).map((source) => {
    const place = table.columns.findIndex((column) => column.source === source);
    if (place < 0) throw new Fault("bug", `The key of ${table.source} has a column that does not travel.`);
    return place;
  });
  return { name, columns: found.map(columnShape), numbers: found.map((row) => row["number"] ?? ""), key };
}

/** Faults: target-refused where the table is not as the plan needs it. */
export async function readShape(session: Session, table: PlanTable, schema: string): Promise<TableShape> {
  const { name, columns, numbers, key } = await readColumns(session, table, schema);
  await demandIndex(
    session,
    table,
    name,
    key.map((place) => numbers[place] ?? ""),
  );
  const [wakeful] = (await session.query(wakefulSql, [name], `looking at ${table.target}`)).rows;
  if (wakeful !== undefined)
    throw refused(
      `The ${wakeful["what"] ?? ""} of ${table.target} fires for replicated rows too (ENABLE ALWAYS or REPLICA), so what Headgate writes would not be what the source has.`,
    );
  const written = columns.flatMap(({ generated }, place) => (generated ? [] : [place]));
  const others = written.filter((place) => !key.includes(place) || columns[place]?.exact === false);
  return {
    table,
    name,
    columns,
    key,
    written,
    // A table that is all key has nothing else to set, and the count still tells whether the row was there.
    set: others.length === 0 ? key : others,
    byArrays: columns.every(({ array, arrays }) => arrays && !array),
    byCopy: columns.every(({ generated }) => !generated),
  };
}

/** Without it every batch would look through the whole table, and a key twice on the target would not be noticed. */
async function demandIndex(
  session: Session,
  table: PlanTable,
  name: string,
  numbers: readonly string[],
): Promise<void> {
  if (table.key === null) return;
  const { rows } = await session.query(
    keyIndexSql,
    [name, numbers],
    `looking for the key of ${table.target}`,
  );
  if (rows.length === 0)
    throw refused(
      `The table ${table.target} has no unique index over its key (${table.key.columns.join(", ")}) on the target.`,
    );
}

function columnShape(row: TextRow): ColumnShape {
  const [bare, category] = [row["bare"] ?? "", row["category"] ?? ""];
  const deterministic = row["deterministic"] === "true";
  const collation = row["collation"] ?? null;
  return {
    name: postgresName(row["name"] ?? ""),
    type: row["type"] ?? "",
    oid: Number(row["oid"]),
    declared: `${row["declared"] ?? ""}${collation === null ? "" : ` COLLATE ${collation}`}`,
    collation,
    collated: row["collated"] ?? null,
    builtIn: row["built_in"] ?? null,
    send: row["send"] ?? "",
    array: category === "A",
    arrays: row["arrays"] === "true",
    generated: row["generated"] !== "",
    notNull: row["not_null"] === "true",
    exact: deterministic && (exactTypes.has(bare) || row["enum"] === "true"),
    hashable: ["N", "D", "B", "S", "E", "T"].includes(category) || bare === "uuid" || bare === "bytea",
  };
}

function refused(sentence: string): Fault {
  return new Fault("target-refused", sentence, { next: "headgate check" });
}
