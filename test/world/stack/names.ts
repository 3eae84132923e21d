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
}

export const kinds = {
  mysql9: { family: "mysql", title: "MySQL 9", version: /Ver (9\.\d+\.\d+)(?!.*MariaDB)/ },
  mysql56: {
    family: "mysql",
    title: "MySQL 5.6",
    version: /Ver (5\.6\.\d+)(?!.*MariaDB)/,
  },
  mariadb: {
    family: "mariadb",
    title: "MariaDB 10.11",
    version: /Ver (10\.11\.\d+)-MariaDB/,
  },
  postgres18: {
    family: "postgres",
    title: "PostgreSQL 18",
    version: /PostgreSQL\) (18\.\d+)/,
  },
  postgres17: {
    family: "postgres",
    title: "PostgreSQL 17",
    version: /PostgreSQL\) (17\.\d+)/,
  },
  postgres15: {
    family: "postgres",
    title: "PostgreSQL 15",
    version: /PostgreSQL\) (15\.\d+)/,
  },
} as const satisfies Record<string, ServerKind>;

export type Name = keyof typeof kinds;

export const names: readonly Name[] = Object.keys(kinds).filter(isName);

/** Promised by the contract, joining with a later issue. */
export const notYet: readonly string[] = ["kafka", "connect", "registry"];

export function isName(word: string): word is Name {
  return Object.hasOwn(kinds, word);
}
