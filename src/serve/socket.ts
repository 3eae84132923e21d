/**
 * The engine's Unix socket: `.headgate/<migration>/socket`, open to nobody but the account that runs the engine (0600
 * in a 0700 folder), so whoever can write to it may steer. Whoever opens it holds the claim, so a socket that stands
 * there belongs to an engine that is dead or stopped in mid-air; it is replaced in one step by a rename, and the
 * other engine, should it wake up, takes only its own away.
 */
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { join, relative } from "node:path";
import { Fault } from "../errors.js";

const name = "socket";

/** sun_path without its closing zero: 104 bytes on macOS and the BSDs, 108 on Linux. */
const pathLimit = process.platform === "linux" ? 107 : 103;

/** What goes with the path while it is being made ready. */
const longestSuffix = ".4294967295".length;

/** The shortest way to the socket from here. Fault file-refused where no Unix socket can have that path. */
export function socketPath(directory: string): string {
  const whole = join(directory, name);
  const near = relative(process.cwd(), whole);
  const path = Buffer.byteLength(near) < Buffer.byteLength(whole) ? near : whole;
  const bytes = Buffer.byteLength(path) + longestSuffix;
  if (bytes > pathLimit)
    throw new Fault(
      "file-refused",
      `${whole} is too long a path for the engine's socket: it takes ${String(bytes)} bytes from here, and a Unix socket's path has room for ${String(pathLimit)}.`,
      { next: "Move headgate.yaml and its .headgate folder to a shorter path, or call headgate from there." },
    );
  return path;
}

/** Makes `server` answer on the socket; takes it away at the end, if it is still ours. */
export async function listenOnSocket(server: Server, directory: string): Promise<AsyncDisposable> {
  const path = socketPath(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const fresh = `${path}.${String(process.pid)}`;
  await rm(fresh, { force: true });
  await new Promise<void>((ready, failed) => {
    server.once("error", (error) =>
      failed(
        new Fault("file-refused", `${path} cannot be opened as a socket (${codeOf(error)}).`, {
          cause: error,
        }),
      ),
    );
    server.listen(fresh, ready);
  });
  await chmod(fresh, 0o600);
  const { ino } = await stat(fresh);
  await rename(fresh, path);
  return {
    [Symbol.asyncDispose]: async () => {
      await closed(server);
      if ((await inode(path)) === ino) await rm(path, { force: true });
    },
  };
}

/** Ends a server with all its connections: nobody who keeps one open may hold an engine's end. */
export async function closed(server: Server): Promise<void> {
  await new Promise<void>((ended, failed) => {
    server.close((error) => {
      if (error === undefined) ended();
      else failed(error);
    });
    server.closeAllConnections();
  });
}

async function inode(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** The system's word for what went wrong. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : String(error);
}
