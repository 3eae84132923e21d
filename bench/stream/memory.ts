/**
 * A target as it is in earnest: its working set fits into its memory. The stack's servers are small on purpose, and a
 * table larger than their memory measures the disk. The server is restarted with it, and once more without.
 */
import { restart, up } from "../../test/world/stack/servers.js";
import { withClient } from "../bulk/target.js";

export const sharedBuffers = "2GB";

/** Gives the act that puts it back. */
export async function growTarget(): Promise<() => Promise<void>> {
  await alter(`SET shared_buffers = '${sharedBuffers}'`);
  return () => alter("RESET shared_buffers");
}

async function alter(what: string): Promise<void> {
  const { postgres18 } = await up(["postgres18"]);
  await withClient(postgres18.url, (client) => client.query(`ALTER SYSTEM ${what}`));
  await restart("postgres18");
}
