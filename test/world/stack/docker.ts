/**
 * Containers, the last resort. The stack does not drive Docker itself: docker-compose.yml describes the same servers
 * for those who have it, and the variables of world.ts point the tests at them. Whether Docker is usable is asked of
 * the docker command, which knows about contexts and sockets.
 */
import { isJava } from "./java-programs.js";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import { tryRun } from "./tool.js";

/** Why Docker can't be used; undefined when it can. */
export async function dockerUnusable(): Promise<string | undefined> {
  const { code, stderr } = await tryRun(["docker", "version", "--format", "{{.Server.Version}}"]);
  if (code === 127) return "no docker command on PATH";
  if (code !== 0) return stderr.trim().split("\n")[0] ?? "the docker command failed";
  return undefined;
}

/** Servers that docker-compose.yml has, with the port each gets there. */
const composed: Partial<Record<Name, number>> = { mysql9: 33_091, mariadb: 33_101, postgres18: 54_318 };

/** The command that starts this server in a container, on loopback, and the variable that tells the tests. */
export function containerCommand(name: Name): string {
  // No variable names these: the tests that need them want more of them than a URL.
  if (isJava(name)) return `docker compose up --wait ${name}`;
  const isTarget = kinds[name].family === "postgres";
  const variable = isTarget ? "HEADGATE_TEST_TARGET_URL" : "HEADGATE_TEST_SOURCE_URL";
  const url = (port: number): string =>
    isTarget ? `postgresql://postgres@127.0.0.1:${port}/postgres` : `mysql://root@127.0.0.1:${port}/`;
  const port = composed[name];
  if (port !== undefined) return `docker compose up --wait ${name} && export ${variable}=${url(port)}`;
  const images: Partial<Record<Name, string>> = { mysql56: "mysql:5.6", postgres15: "postgres:15" };
  const image = images[name] ?? "postgres:17";
  const [inner, login] = isTarget
    ? [5432, "POSTGRES_HOST_AUTH_METHOD=trust"]
    : [3306, "MYSQL_ALLOW_EMPTY_PASSWORD=yes"];
  const outer = 30_000 + (inner % 1000);
  return `docker run -d -e ${login} -p 127.0.0.1:${outer}:${inner} ${image} && export ${variable}=${url(outer)}`;
}
