/** The target of a bench run: a database made anew, emptied of everything before, and a checkpoint so that no run pays for the last one. */
import { Client } from "pg";

export async function withClient<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

export function databaseUrl(admin: string, database: string): string {
  return new URL(`/${database}`, admin).href;
}

/** Gives the fresh database's URL. */
export async function freshDatabase(admin: string, database: string): Promise<string> {
  await withClient(admin, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${database} ENCODING 'UTF8' TEMPLATE template0`);
    await client.query("CHECKPOINT");
  });
  return databaseUrl(admin, database);
}

/** Runs every job on `sessions` connections at once; each takes the next one that is left. */
export async function inSessions(
  url: string,
  sessions: number,
  setUp: string,
  jobs: readonly (readonly string[])[],
): Promise<void> {
  let next = 0;
  const session = async (): Promise<void> => {
    await withClient(url, async (client) => {
      if (setUp !== "") await client.query(setUp);
      for (;;) {
        const job = jobs[next++];
        if (job === undefined) return;
        for (const sql of job) await client.query(sql);
      }
    });
  };
  await Promise.all(Array.from({ length: sessions }, session));
}
