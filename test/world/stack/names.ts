/**
 * The servers the stack can bring up, by the names of the contract, with the version each must have to count as
 * that server. A name says a family and a major version because tests are written against those; the patch level
 * is whatever the machine's registries carry today.
 */

export type Family = "mysql" | "mariadb" | "postgres" | "kafka" | "connect" | "registry";

export interface ServerKind {
  readonly family: Family;
  /** For people: "MySQL 9". */
  readonly title: string;
  /** Matches the server program's own `--version` line, or the name of its jar; the first group is the version. */
  readonly version: RegExp;
  /** Servers without which it can't run; they come up before it and go down after it. */
  readonly needs?: readonly string[];
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
  kafka: {
    family: "kafka",
    title: "Apache Kafka 4",
    version: /^kafka_2\.13-(4\.\d+\.\d+)\.jar$/,
  },
  connect: {
    family: "connect",
    title: "Kafka Connect 4 with Debezium 3",
    version: /^connect-runtime-(4\.\d+\.\d+)\.jar$/,
    needs: ["kafka"],
  },
  registry: {
    family: "registry",
    title: "Apicurio Registry 3",
    version: /^apicurio-registry-app-(3\.\d+\.\d+)-runner\.jar$/,
  },
} as const satisfies Record<string, ServerKind>;

export type Name = keyof typeof kinds;

export const names: readonly Name[] = Object.keys(kinds).filter(isName);

/** The servers that `name` can't run without. */
export function needsOf(name: Name): readonly Name[] {
  const kind: ServerKind = kinds[name];
  return (kind.needs ?? []).filter(isName);
}

export function isName(word: string): word is Name {
  return Object.hasOwn(kinds, word);
}
