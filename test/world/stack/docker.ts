/**
 * Containers, the last resort: testcontainers is loaded only when Docker answers. Whether it does is asked of the
 * docker command, which knows about contexts and sockets.
 */
import { tryRun } from "./tool.js";

/** Why Docker can't be used; undefined when it can. */
export async function dockerUnusable(): Promise<string | undefined> {
  const { code, stderr } = await tryRun(["docker", "version", "--format", "{{.Server.Version}}"]);
  if (code === 127) return "no docker command on PATH";
  if (code !== 0) return stderr.trim().split("\n")[0] ?? "the docker command failed";
  return undefined;
}
