/**
 * What a migration leaves in the source's database `headgate`, which it may share with others: each lane's marker table has
 * the start marker of every copy that began with it, whichever build made it, so a table without one is nobody's any more.
 * Ours is not deleted but renamed: UPDATE is what every account of ours may, and what connectors do to these rows all day.
 */
import { mysqlName } from "../../src/safety/identifier.js";
import type { SourceMarks, SourceTraces, Trace } from "../../src/traces-port.js";
import { dropRows, wayBackRows } from "./apply/leaving.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { readGrants } from "./grants.js";
import { markerColumns, markerTable } from "./marker.js";
import { decisionsOf, forgetDecisions } from "./night/decision.js";
import { alone, fullness, markerDatabase, standing } from "./own-database.js";

export interface TracesOptions {
  readonly server: MysqlOptions;
  readonly migration: string;
}

/** Opens nothing before it is asked. */
export function openTraces(options: TracesOptions): SourceTraces {
  return new MysqlTraces(options);
}

/** One of ours: what is told of it, and how it goes. */
interface Item {
  readonly trace: Trace;
  readonly tables: number;
  readonly act: () => Promise<void>;
}

interface Looking {
  readonly connection: Connection;
  readonly migration: string;
  readonly marks: SourceMarks;
  /** Whether the account may do these in the database. */
  readonly may: (privileges: readonly string[]) => boolean;
}

class MysqlTraces implements SourceTraces {
  readonly #options: TracesOptions;
  #connection: Promise<Connection> | null = null;

  constructor(options: TracesOptions) {
    this.#options = options;
  }

  async find(marks: SourceMarks): Promise<readonly Trace[]> {
    const looking = await this.#looking(marks);
    const items = await itemsOf(looking);
    const whole = await databaseOf(looking, items);
    return [...items.map(({ trace }) => trace), ...(whole === null ? [] : [whole])];
  }

  async drop(marks: SourceMarks): Promise<void> {
    const looking = await this.#looking(marks);
    const { connection } = looking;
    await alone(connection, async () => {
      for (const { trace, act } of await itemsOf(looking)) if (trace.stays === null) await act();
      if ((await databaseOf(looking, []))?.stays === null)
        await connection.query(`DROP DATABASE ${mysqlName(markerDatabase)}`);
    });
  }

  async #looking(marks: SourceMarks): Promise<Looking> {
    this.#connection ??= Connection.open(this.#options.server);
    const connection = await this.#connection;
    const grants = await readGrants(connection);
    return {
      connection,
      migration: this.#options.migration,
      marks,
      may: (privileges) => privileges.every((each) => grants.allows(each, markerDatabase)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#connection)?.[Symbol.asyncDispose]();
  }
}

async function itemsOf(looking: Looking): Promise<readonly Item[]> {
  const items: Item[] = [...(await wayBackItem(looking)), ...(await decisionItem(looking))];
  for (const lane of looking.marks.lanes) items.push(...(await laneItems(looking, lane)));
  return items;
}

async function wayBackItem(looking: Looking): Promise<readonly Item[]> {
  const { connection, migration } = looking;
  const { rows, tables } = await wayBackRows(connection, migration);
  const goes = tables.length > 0;
  if (!goes && rows.length === 0) return [];
  const names = (goes ? tables : rows).map(({ name }) => `${markerDatabase}.${name}`);
  const what = goes ? `tables ${names.join(", ")}` : `rows of ${migration} in ${names.join(", ")}`;
  const sql = goes ? `DROP TABLE ${names.join(", ")};` : null;
  return [
    {
      trace: traceOf(looking, what, goes ? ["DELETE", "DROP"] : ["DELETE"], sql),
      tables: tables.length,
      act: () => dropRows(connection, migration),
    },
  ];
}

async function decisionItem(looking: Looking): Promise<readonly Item[]> {
  const { connection, marks } = looking;
  const found = await decisionsOf(connection, marks.cutovers);
  if (found === null || (found.own === 0 && found.others > 0)) return [];
  const last = found.others === 0;
  return [
    {
      trace: traceOf(
        looking,
        last ? "table headgate.decision" : `decisions of ${marks.cutovers.join(", ")} in headgate.decision`,
        last ? ["DELETE", "DROP"] : ["DELETE"],
        last ? "DROP TABLE headgate.decision;" : null,
      ),
      tables: last ? 1 : 0,
      act: () => forgetDecisions(connection, marks.cutovers),
    },
  ];
}

async function laneItems(
  looking: Looking,
  { lane, start }: SourceMarks["lanes"][number],
): Promise<readonly Item[]> {
  const { connection } = looking;
  const name = `marker_${lane}`;
  const object = `table ${markerDatabase}.${name}`;
  const found = await standing(connection, name, markerColumns);
  if (found === "missing") return [];
  const stays = (why: string, sql: string | null = null): Item => ({
    trace: { side: "source", object, stays: why, sql },
    tables: 0,
    act: () => Promise.resolve(),
  });
  if (found === "strange") return [stays("it has other columns than a marker table of ours")];
  const starts = await connection.query(
    `SELECT CAST(id AS CHAR), note FROM ${markerTable(lane)} WHERE note = 'start' OR note LIKE 'start %'`,
  );
  const own = starts.find(
    ([id, note]) => start !== null && id === start.marker && (start.note === null || note === start.note),
  );
  const others = starts.length - (own === undefined ? 0 : 1);
  const ends: Item[] =
    own === undefined
      ? []
      : [
          {
            trace: traceOf(looking, `start marker ${own[0] ?? ""} in ${markerDatabase}.${name}`, ["UPDATE"]),
            tables: 0,
            act: async () => {
              await connection.query(`UPDATE ${markerTable(lane)} SET note = ? WHERE id = ?`, [
                `ended ${own[1] ?? ""}`.slice(0, 200),
                own[0] ?? null,
              ]);
            },
          },
        ];
  if (others > 0)
    return [
      ...ends,
      stays(
        `${others === 1 ? "another copy has its" : `${String(others)} other copies have their`} start marker in it`,
      ),
    ];
  const drop = `DROP TABLE ${markerTable(lane)}`;
  return [
    ...ends,
    {
      trace: traceOf(looking, object, ["DROP"], `${drop};`),
      tables: 1,
      act: async () => {
        await connection.query(drop);
      },
    },
  ];
}

/** The database itself, once nothing is in it: only where this migration has marked its start in it. */
async function databaseOf(
  { connection, marks, may }: Looking,
  going: readonly Item[],
): Promise<Trace | null> {
  if (marks.lanes.every(({ start }) => start === null)) return null;
  const full = await fullness(connection);
  if (full === null) return null;
  const object = `database ${markerDatabase}`;
  const goes = going.filter(({ trace }) => trace.stays === null).reduce((sum, { tables }) => sum + tables, 0);
  if (full > goes) return { side: "source", object, stays: "something is in it still", sql: null };
  return may(["DROP"])
    ? { side: "source", object, stays: null, sql: null }
    : {
        side: "source",
        object,
        stays: noRight(["DROP"]),
        sql: `DROP DATABASE ${mysqlName(markerDatabase)};`,
      };
}

function traceOf(
  { may }: Looking,
  object: string,
  needs: readonly string[],
  sql: string | null = null,
): Trace {
  return may(needs)
    ? { side: "source", object, stays: null, sql: null }
    : { side: "source", object, stays: noRight(needs), sql };
}

function noRight(privileges: readonly string[]): string {
  return `our account has no right to it (${privileges.join(", ")} on ${markerDatabase}.*)`;
}
