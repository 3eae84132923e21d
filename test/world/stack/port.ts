/**
 * A loopback port for each server. Taken below the range from which kernels hand out ports for outgoing
 * connections (32768 and up), so that a server that was killed finds its port free when it comes back. The search
 * begins at a place that depends on the checkout, so that two checkouts rarely meet.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { Refusal } from "./refusal.js";

const lowest = 20_000;
const count = 12_000;

/** Where the search for a free port begins for this server of this data folder. */
export function firstPort(folder: string, name: string): number {
  const hash = createHash("sha256").update(`${folder}\0${name}`).digest();
  return lowest + (hash.readUInt32BE(0) % count);
}

/** The first free port from `first` on that is not in `taken`. */
export async function freePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let step = 0; step < count; step++) {
    const port = lowest + ((first - lowest + step) % count);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Refusal(1, `No free loopback port between ${lowest} and ${lowest + count}.`);
}

export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
