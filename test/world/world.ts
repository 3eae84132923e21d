/**
 * The two servers a test works on: one's own, named by HEADGATE_TEST_SOURCE_URL and HEADGATE_TEST_TARGET_URL, or
 * the stack's. Only what is not named is brought up. Both URLs are an administrator's; a test makes its own
 * databases, named after itself, and drops them.
 */
import { ownServer } from "./matrix.js";
import type { Combination } from "./matrix.js";
import type { Name } from "./stack/names.js";
import { up } from "./stack/servers.js";

export interface World {
  /** mysql://… of an administrator, with "/" as its path. */
  readonly source: string;
  /** postgresql://… of an administrator. */
  readonly target: string;
}

/** Both servers, running. Throws Refusal where a server can neither be found nor brought up. */
export async function world(wanted: Combination, env: NodeJS.ProcessEnv = process.env): Promise<World> {
  const source = ownServer("SOURCE", env);
  const target = ownServer("TARGET", env);
  const missing: Name[] = [];
  if (source === undefined) missing.push(wanted.source);
  if (target === undefined) missing.push(wanted.target);
  const servers: Partial<Record<Name, { readonly url: string }>> = await up(missing);
  return {
    source: source ?? urlIn(servers, wanted.source),
    target: target ?? urlIn(servers, wanted.target),
  };
}

function urlIn(servers: Partial<Record<Name, { readonly url: string }>>, name: Name): string {
  const server = servers[name];
  if (server === undefined) throw new Error(`the stack did not bring ${name} up`);
  return server.url;
}
