/** A target's table that nobody writes to for a while: what a lane has for it stays behind, and the other lanes go on. */
import { Client } from "pg";
import { loginOf } from "./accounts.js";

/** `url`: an administrator's. Until it is disposed of. */
export async function lockedTable(
  url: string,
  table: string,
): Promise<AsyncDisposable & { readonly table: string }> {
  const client = new Client(loginOf(url));
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE "${table}" IN SHARE MODE`);
  return { table, [Symbol.asyncDispose]: () => client.end() };
}
