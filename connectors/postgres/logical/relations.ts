/**
 * The plan's tables as the log announces them. Before a row of one is handed over, its columns are compared with the
 * plan's by name and type: what somebody has added, dropped or retyped on the target has no place on the source.
 */
import type { Pgoutput } from "pg-logical-replication";
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable } from "../../../src/model.js";
import type { Session } from "../connection.js";
import { LogicalImages } from "./images.js";

export interface Announced {
  readonly table: PlanTable;
  readonly images: LogicalImages;
  /** The table's columns on the target, in plan order. */
  readonly columns: readonly string[];
  /** Why none of its rows can be handed over; null where all can. */
  readonly fault: Fault | null;
}

/** Domains are what they stand on; `built_in` is NULL of enums and of what extensions bring, which `name` tells. */
const typeSql = `
  WITH RECURSIVE up AS (
    SELECT t.oid, t.typtype, t.typbasetype, $2::int4 AS typmod, t.typtypmod AS next
      FROM pg_catalog.pg_type t WHERE t.oid = $1::oid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype, up.next, t.typtypmod
      FROM up JOIN pg_catalog.pg_type t ON t.oid = up.typbasetype WHERE up.typtype = 'd')
  SELECT CASE WHEN n.nspname = 'pg_catalog' THEN pg_catalog.format_type(up.oid, up.typmod) END AS built_in, t.typname AS name, n.nspname AS schema
    FROM up JOIN pg_catalog.pg_type t ON t.oid = up.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE up.typtype <> 'd'`;

interface TypeName {
  readonly builtIn: string | null;
  readonly schema: string;
  readonly name: string;
}

export class Relations {
  readonly #session: Session;
  readonly #schema: string;
  readonly #tables: ReadonlyMap<string, PlanTable>;
  /** By announcement: a table is announced again when anything about it has changed. null: it does not travel. */
  readonly #announced = new WeakMap<Pgoutput.MessageRelation, Announced | null>();
  readonly #types = new Map<string, TypeName | null>();

  constructor(session: Session, plan: Plan) {
    this.#session = session;
    this.#schema = plan.schema;
    this.#tables = new Map(plan.tables.map((table) => [table.target, table]));
  }

  async announce(relation: Pgoutput.MessageRelation): Promise<void> {
    const table = relation.schema === this.#schema ? this.#tables.get(relation.name) : undefined;
    if (table === undefined) {
      this.#announced.set(relation, null);
      return;
    }
    const why = await this.#difference(table, relation);
    this.#announced.set(relation, {
      table,
      images: new LogicalImages(table),
      columns: table.columns.map(({ target }) => target),
      fault: why === null ? null : changed(table, why),
    });
  }

  /** null for a table that does not travel. */
  of(relation: Pgoutput.MessageRelation | undefined): Announced | null {
    const known = relation === undefined ? undefined : this.#announced.get(relation);
    if (known === undefined)
      throw new Fault("bug", "The target's log has rows of a table that it never announced.");
    return known;
  }

  async #difference(table: PlanTable, relation: Pgoutput.MessageRelation): Promise<string | null> {
    if (relation.replicaIdentity !== "full")
      return "its replica identity is no longer FULL, so the log does not have whole rows";
    const found = new Map(relation.columns.map((column) => [column.name, column]));
    for (const planned of table.columns) {
      const column = found.get(planned.target);
      if (column === undefined) return `it has no column ${planned.target} in the log any more`;
      const type = await this.#type(column.typeOid, column.typeMod);
      if (type === null) return `the type of its column ${planned.target} is not there any more`;
      if (!isPlanned(type, planned.targetType, planned.nativeEnum === true))
        return `its column ${planned.target} is ${type.builtIn ?? type.name} and was ${planned.targetType}`;
      found.delete(planned.target);
    }
    const [more] = found.keys();
    return more === undefined ? null : `it has a column ${more} that the source does not`;
  }

  async #type(oid: number, typmod: number): Promise<TypeName | null> {
    const id = `${String(oid)} ${String(typmod)}`;
    const known = this.#types.get(id);
    if (known !== undefined) return known;
    const [row] = (
      await this.#session.query(
        typeSql,
        [String(oid >>> 0), String(typmod)],
        "asking for a type of the target",
      )
    ).rows;
    const type =
      row === undefined
        ? null
        : { builtIn: row["built_in"] ?? null, schema: row["schema"] ?? "", name: row["name"] ?? "" };
    this.#types.set(id, type);
    return type;
  }
}

/** An enum goes by its name, with its schema or without; of what an extension brings, its values show the rest. */
function isPlanned({ builtIn, schema, name }: TypeName, planned: string, isEnum: boolean): boolean {
  if (builtIn !== null) return builtIn === planned && !isEnum;
  const bare = (isEnum ? planned : planned.replace(/\(.*$/u, "")).replaceAll('"', "");
  return [name, `${schema}.${name}`].some((one) => one.replaceAll('"', "") === bare);
}

function changed(table: PlanTable, why: string): Fault {
  return new Fault(
    "schema-changed",
    `${table.target} on the target is not as it was planned: ${why}. What is written to it cannot go back to ${table.source}.`,
    {
      next: "Change the table back on the target, then run the same command again.",
      facts: { tables: table.source },
    },
  );
}
