/**
 * A target before its cutover, without a source: lanes that have joined, roles of applications with passwords of their own, and
 * an engine's account with exactly what `check --grants` prints for the stream and the cutover. Applications are plain clients
 * that share no code with the product.
 */
import { Client } from "pg";
import { openTargetNight } from "../../connectors/postgres/night/night.js";
import type { Claim } from "../../connectors/postgres/epoch.js";
import { Fault } from "../../src/errors.js";
import type { RaiseOptions, TargetNight, WayBack } from "../../src/cutover-port.js";
import { engineName, loginOf } from "./accounts.js";
import { laneWorld } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import type { TargetDatabase } from "./target-database.js";

export const appPassword = "app-Pw1";

export interface NightWorld extends LaneWorld {
  night(claim?: Claim | null, roles?: readonly string[]): TargetNight;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Drops the role where it is there, and makes it with these attributes. */
export async function makeRole(database: TargetDatabase, name: string, attributes: string): Promise<void> {
  await dropRole(database, name);
  await database.sql(`CREATE ROLE ${quote(name)} PASSWORD '${appPassword}' ${attributes}`);
}

export async function dropRole(database: TargetDatabase, name: string): Promise<void> {
  const there = await database.sql("SELECT FROM pg_roles WHERE rolname = $1", [name]);
  if (there.length === 1) await database.sql(`DROP OWNED BY ${quote(name)}; DROP ROLE ${quote(name)}`);
}

/** Names of another server's database cannot meet these: roles are the whole server's. */
export function roleName(database: TargetDatabase, name: string): string {
  return `${name} ${engineName(database.url).slice(3, 9)}`;
}

/** The tables made anew, joined lanes, and the statements of `check --grants` carried out. */
export async function nightWorld(
  database: TargetDatabase,
  wishes: readonly TableWish[],
  roles: readonly string[],
  more: Parameters<typeof laneWorld>[2] = {},
): Promise<NightWorld> {
  const world = await laneWorld(database, wishes, more);
  for (const { phase, statements } of await world.target.grants("public", roles))
    if (phase === "cutover") for (const statement of statements) await database.sql(statement);
  await database.sql(
    `UPDATE headgate.lane SET start_position = '{}', start_marker = 's', join_position = '{}', join_marker = 'j'`,
  );
  const options = { ...database.options, ...(more.moment === undefined ? {} : { moment: more.moment }) };
  return {
    ...world,
    night: (claim = { migration: world.plan.migration, epoch: world.ledger.epoch }, own = roles) =>
      openTargetNight({ postgres: options, roles: own, claim, wayBack: noWayBack }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const unused = (): never => {
  throw new Fault("bug", "no way back in this test");
};

const noWayBack: WayBack = {
  findings: unused,
  prepare: unused,
  feed: unused,
  position: unused,
  mark: unused,
  slot: unused,
  drop: unused,
  [Symbol.asyncDispose]: async () => undefined,
};

export const raising = (more: Partial<RaiseOptions> = {}): RaiseOptions => ({
  endTransactions: false,
  onWaiting: () => undefined,
  signal: new AbortController().signal,
  ...more,
});

/** One session of an application; rejects where it is not let in. */
export async function appSession(database: TargetDatabase, role: string, options = ""): Promise<Client> {
  const client = new Client({ ...loginOf(database.url), user: role, password: appPassword, options });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Whether the role gets in and may write. */
export async function getsIn(database: TargetDatabase, role: string): Promise<string> {
  let client: Client;
  try {
    client = await appSession(database, role);
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  try {
    await client.query("INSERT INTO orders (note) VALUES ('probe')");
    return "in";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    await client.end();
  }
}

/** Logs in again and again and writes as long as it may: what the server acknowledged, and how often it was refused. */
export interface Hammer {
  readonly acknowledged: readonly string[];
  readonly refused: number;
  /** Resolves once so many more were acknowledged, or refused. */
  more(what: "acknowledged" | "refused", count: number): Promise<void>;
  stop(): Promise<void>;
}

export function hammer(database: TargetDatabase, role: string): Hammer {
  const acknowledged: string[] = [];
  let [refused, stopped] = [0, false];
  const waiters: { readonly met: () => boolean; readonly resolve: () => void }[] = [];
  const tell = (): void => {
    for (const waiter of waiters) if (waiter.met()) waiter.resolve();
  };
  const life = async (): Promise<void> => {
    const client = await appSession(database, role);
    try {
      while (!stopped) {
        const { rows } = await client.query<{ id: string }>(
          "INSERT INTO orders (note) VALUES ('hammered') RETURNING id::text AS id",
        );
        acknowledged.push(rows[0]?.id ?? "");
        tell();
      }
    } finally {
      await client.end();
    }
  };
  const running = (async () => {
    while (!stopped)
      try {
        await life();
      } catch {
        refused += 1;
        tell();
      }
  })();
  return {
    acknowledged,
    get refused() {
      return refused;
    },
    more: (what, count) => {
      const now = (): number => (what === "refused" ? refused : acknowledged.length);
      const until = now() + count;
      return new Promise((resolve) => waiters.push({ met: () => now() >= until, resolve }));
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Every right on the database, the schema and its relations, and how the roles may log in: what undoing has to bring back. */
export async function rights(database: TargetDatabase, roles: readonly string[]): Promise<readonly string[]> {
  const rows = await database.sql(
    `SELECT format('%s %s %s %s %s', o.kind, o.name, pg_get_userbyid(a.grantor), a.grantee::regrole, a.privilege_type) AS line
       FROM (SELECT 'database' AS kind, datname::text AS name, coalesce(datacl, acldefault('d', datdba)) AS acl
               FROM pg_database WHERE datname = current_database()
             UNION ALL
             SELECT 'schema', nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'public'
             UNION ALL
             SELECT c.relkind::text, c.relname, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
               FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')) o,
            aclexplode(o.acl) a
     UNION ALL
     SELECT format('role %s %s %s', rolname, rolcanlogin, md5(rolpassword)) FROM pg_authid WHERE rolname = ANY ($1::text[])
      ORDER BY 1`,
    [roles],
  );
  return rows.map(({ line }) => line ?? "");
}
