/**
 * Servers that a fault test may kill: brought up in a data folder of their own, beside the checkout's servers, on
 * which other tests and people work. Stopped and removed at the end.
 */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Name } from "../world/stack/names.js";
import { down, up } from "../world/stack/servers.js";
import type { Server } from "../world/stack/servers.js";

const place = "HEADGATE_STACK_DATA";

/** From here on the stack's up, kill, start and restart mean these servers, in this process. */
export async function ownServers<N extends Name>(
  names: readonly N[],
): Promise<{ readonly servers: Record<N, Server> } & AsyncDisposable> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "headgate-faults-")));
  // The servers' account must be able to pass.
  chmodSync(folder, 0o755);
  const before = process.env[place];
  process.env[place] = folder;
  const remove = async (): Promise<void> => {
    await down();
    if (before === undefined) Reflect.deleteProperty(process.env, place);
    else process.env[place] = before;
    rmSync(folder, { recursive: true });
  };
  try {
    return { servers: await up(names), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
