/**
 * A server of the right version that is on the machine already: on PATH, or in the folders where distributions put
 * server programs that ordinary users don't call (sbin, lib/postgresql/N/bin).
 */
import { accessSync, constants, existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import { reachable, serverAccount } from "./place.js";
import type { Offer } from "./offer.js";
import { tryRun } from "./tool.js";

/** The Java programs have none: an installation of theirs is a folder that is nowhere in particular. */
const programOf = {
  mysql: "mysqld",
  mariadb: "mariadbd",
  postgres: "postgres",
  kafka: null,
  connect: null,
  registry: null,
} as const;

export async function programsOnPath(name: Name): Promise<Offer> {
  const kind = kinds[name];
  const program = programOf[kind.family];
  if (program === null) return { unusable: `${kind.title} is looked for in no folder of the machine` };
  const seen = new Set<string>();
  for (const folder of searched(name)) {
    const file = join(folder, program);
    if (!isExecutable(file)) continue;
    const real = realpathSync(file);
    if (seen.has(real) || !reachable(real, serverAccount())) continue;
    seen.add(real);
    const { stdout } = await tryRun([real, "--version"]);
    const version = kind.version.exec(stdout)?.[1];
    if (version === undefined) continue;
    const home = dirname(dirname(real));
    const common = { provider: "path", version, server: [real], env: {} } as const;
    if (kind.family === "postgres") {
      const initdb = join(dirname(real), "initdb");
      if (isExecutable(initdb)) return { ...common, initdb: [initdb], layout: [] };
    } else if (kind.family === "mariadb") {
      const share = ["mysql", "mariadb"].map((part) => join(home, "share", part)).find(hasBootstrap);
      if (share !== undefined) return { ...common, layout: [`--basedir=${home}`], share };
    } else if (name === "mysql9") {
      return { ...common, layout: [`--basedir=${home}`] };
    }
  }
  return { unusable: `no ${program} of ${kind.title} on PATH` };
}

function searched(name: Name): readonly string[] {
  const usual = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];
  const ofPostgres = `/usr/lib/postgresql/${name.replace("postgres", "")}/bin`;
  return [
    ...(process.env["PATH"] ?? "").split(delimiter).filter((part) => part !== ""),
    ofPostgres,
    ...usual,
  ];
}

function isExecutable(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function hasBootstrap(folder: string): boolean {
  return existsSync(join(folder, "mysql_system_tables.sql"));
}
