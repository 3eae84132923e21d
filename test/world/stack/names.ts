/**
 * The servers the stack can bring up, by the names of the contract, with the version each must have to count as
 * that server. A name says a family and a major version because tests are written against those; the patch level
 * is whatever the machine's registries carry today.
 */

export type Family = "mysql" | "mariadb" | "postgres";

export interface ServerKind {
  readonly family: Family;
  /** For people: "MySQL 9". */
  readonly title: string;
  /** Matches the server program's own `--version` line; the first group is the version. */
  readonly version: RegExp;
  /** The container image where only Docker is left. */
  readonly image: string;
}

export const kinds = {
  mysql9: { family: "mysql", title: "MySQL 9", version: /Ver (9\.\d+\.\d+)(?!.*MariaDB)/, image: "mysql:9" },
  mysql56: {
    family: "mysql",
    title: "MySQL 5.6",
    version: /Ver (5\.6\.\d+)(?!.*MariaDB)/,
    image: "mysql:5.6",
  },
  mariadb: {
    family: "mariadb",
    title: "MariaDB 10.11",
    version: /Ver (10\.11\.\d+)-MariaDB/,
    image: "mariadb:10.11",
  },
  postgres18: {
    family: "postgres",
    title: "PostgreSQL 18",
    version: /PostgreSQL\) (18\.\d+)/,
    image: "postgres:18",
  },
  postgres17: {
    family: "postgres",
    title: "PostgreSQL 17",
    version: /PostgreSQL\) (17\.\d+)/,
    image: "postgres:17",
  },
  postgres15: {
    family: "postgres",
    title: "PostgreSQL 15",
    version: /PostgreSQL\) (15\.\d+)/,
    image: "postgres:15",
  },
} as const satisfies Record<string, ServerKind>;

export type Name = keyof typeof kinds;

export const names: readonly Name[] = Object.keys(kinds).filter(isName);

/** Promised by the contract, joining with a later issue. */
export const notYet: readonly string[] = ["kafka", "connect", "registry"];

export function isName(word: string): word is Name {
  return Object.hasOwn(kinds, word);
}
