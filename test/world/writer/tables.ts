/**
 * The writer's own schema: a table for each shape of key, unique values that change hands, a chain of cascades, a
 * table that refers to itself, tables without a key. Every table says whose row it is (w, the session) and which of the
 * session's rows (n): a key is a function of both, so a session never meets another's rows but where it is meant to.
 */
import { createHash } from "node:crypto";
import type { Connection } from "mysql2/promise";
import * as v from "../../conformance/values.js";
import { alike, columnsOf, numberColumns, otherColumns, textColumns } from "./columns.js";
import type { Column, Flavour } from "./columns.js";

/** A table whose rows come, change and go; what is more than that about it is in `operations.ts`. */
export interface WriterTable {
  readonly name: string;
  /** Key columns with their types; none for a table without a key. */
  readonly key: readonly { readonly name: string; readonly type: string }[];
  /** The key's literals for a session's n-th row. */
  readonly keyOf: (w: number, n: number) => readonly string[];
  readonly columns: readonly Column[];
  /** Columns that the writer never names, keys and constraints. */
  readonly more: readonly string[];
  /** Columns that belong to the row's own rules: `operations.ts` gives their values. */
  readonly ruled?: (w: number, n: number) => Readonly<Record<string, string>>;
}

/** So many rows of a table can a session have. */
export const rowsEach = 40;
export const walletCount = 5;

const int = (w: number, n: number): readonly string[] => [String((w + 1) * 1000 + n)];

/** The tables that are filled by the general operations. */
export function plainTables(seed: number, flavour: Flavour): readonly WriterTable[] {
  const column = columnsOf(seed);
  const note = column("note", "VARCHAR(60)", alike, v.characters(20));
  const amount = column("amount", "INT NOT NULL", v.integersOf(32, true));
  return [
    {
      name: "numbers",
      key: [{ name: "id", type: "INT NOT NULL AUTO_INCREMENT" }],
      keyOf: int,
      columns: numberColumns(column),
      more: flavour.modern
        ? [
            "doubled BIGINT AS (CAST(tiny AS SIGNED) * 2) STORED",
            "shown VARCHAR(20) AS (CONCAT('n', small)) VIRTUAL",
          ]
        : [],
    },
    {
      name: "pairs",
      key: [
        { name: "big", type: "BIGINT NOT NULL" },
        { name: "side", type: "SMALLINT UNSIGNED NOT NULL" },
      ],
      keyOf: (w, n) => [String((BigInt(n) - 20n) * 230_584_300_921_369_395n), String(w)],
      columns: [note, ...textColumns(column)],
      more: ["touched TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"],
    },
    {
      name: "words",
      key: [{ name: "word", type: "VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL" }],
      keyOf: (w, n) => [
        v.text(`${["größe", "Ünder", "日本", "😀 smile"][n % 4] ?? ""} ${String(w)}-${String(n)}x`),
      ],
      columns: [note, amount],
      more: [],
    },
    {
      name: "bins",
      key: [{ name: "bin", type: "VARBINARY(20) NOT NULL" }],
      keyOf: (w, n) => [w === 0 && n === 0 ? "''" : `x'${Buffer.from([n, 0, w, 0]).toString("hex")}'`],
      columns: [note, ...otherColumns(column, flavour)],
      more: [],
    },
    {
      name: "uuids",
      key: [{ name: "uid", type: "BINARY(16) NOT NULL" }],
      keyOf: (w, n) => [
        `x'${createHash("md5")
          .update(`${String(w)}/${String(n)}`)
          .digest("hex")}'`,
      ],
      columns: [note, amount],
      more: [],
    },
    {
      name: "days",
      key: [
        { name: "day", type: "DATE NOT NULL" },
        { name: "who", type: "ENUM('d', 'c', 'b', 'a') NOT NULL" },
        { name: "at", type: "DATETIME(6) NOT NULL" },
      ],
      keyOf: (w, n) => [
        `'${String(1000 + n * 225)}-02-28'`,
        `'${["a", "b", "c", "d"][w % 4] ?? "a"}'`,
        `'${String(1700 + n)}-01-01 00:00:00.${String(n * 24_999).padStart(6, "0")}'`,
      ],
      columns: [amount, note],
      more: [],
    },
    {
      name: "bulk",
      key: [{ name: "id", type: "BIGINT UNSIGNED NOT NULL" }],
      keyOf: (w, n) => [String(BigInt(w) * 4_611_686_018_427_387_000n + BigInt(n))],
      columns: [amount, note],
      more: [],
    },
    {
      name: "moves",
      key: [],
      keyOf: () => [],
      columns: [
        note,
        column("at", "DATETIME(3)", v.datetimesOf(3)),
        column("price", "DECIMAL(9,3)", v.decimalsOf(9, 3)),
        column("ratio", "DOUBLE", v.doublesOf),
        column("raw", "VARBINARY(9)", ["''", "x'00'", "x'0000'", "x'ff'"]),
        column("mood", "ENUM('x', 'y')", ["'x'", "'y'"]),
      ],
      more: [],
    },
    {
      name: "loose",
      key: [],
      keyOf: () => [],
      columns: [amount],
      more: ["code INT NULL", "UNIQUE KEY code (code)"],
      ruled: (w, n) => ({ code: n % 3 === 0 ? "NULL" : String(w * 1000 + n) }),
    },
  ];
}

/** Tables with rules of their own. */
const ruledTables: readonly string[] = [
  `CREATE TABLE mails (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL,
    email VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL, alias VARCHAR(40) NULL, place INT NOT NULL, seat INT NULL,
    KEY own (w, n), UNIQUE KEY email (email), UNIQUE KEY alias (alias), UNIQUE KEY spot (place, seat)) ENGINE = InnoDB`,
  `CREATE TABLE owners (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL, name VARCHAR(40) NULL,
    KEY own (w, n)) ENGINE = InnoDB`,
  `CREATE TABLE pets (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL, owner INT UNSIGNED NOT NULL, name VARCHAR(40) NULL,
    KEY own (w, n), CONSTRAINT pets_owner FOREIGN KEY (owner) REFERENCES owners (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE toys (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL, pet INT UNSIGNED NOT NULL, price DECIMAL(6,2) NULL,
    KEY own (w, n), CONSTRAINT toys_pet FOREIGN KEY (pet) REFERENCES pets (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE visits (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL, owner INT UNSIGNED NULL, note VARCHAR(40) NULL,
    KEY own (w, n), CONSTRAINT visits_owner FOREIGN KEY (owner) REFERENCES owners (id) ON DELETE SET NULL ON UPDATE CASCADE) ENGINE = InnoDB`,
  `CREATE TABLE tree (id INT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, n SMALLINT NOT NULL, parent INT UNSIGNED NULL, friend INT UNSIGNED NULL, label VARCHAR(20) NULL,
    KEY own (w, n), CONSTRAINT tree_parent FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE,
    CONSTRAINT tree_friend FOREIGN KEY (friend) REFERENCES tree (id) ON DELETE SET NULL) ENGINE = InnoDB`,
  `CREATE TABLE wallets (id INT UNSIGNED NOT NULL PRIMARY KEY, balance BIGINT NOT NULL) ENGINE = InnoDB`,
  `CREATE TABLE journal (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, w TINYINT NOT NULL, statements INT NOT NULL) ENGINE = InnoDB`,
];

function statementOf({ name, key, columns, more }: WriterTable): string {
  const parts = [
    ...key.map((part) => `\`${part.name}\` ${part.type}`),
    "w TINYINT NOT NULL",
    "n SMALLINT NOT NULL",
    ...columns.map((column) => `\`${column.name}\` ${column.type}`),
    ...more,
    ...(key.length === 0 ? [] : [`PRIMARY KEY (${key.map((part) => `\`${part.name}\``).join(", ")})`]),
    "KEY own (w, n)",
  ];
  return `CREATE TABLE \`${name}\` (\n${parts.join(",\n")}\n) ENGINE = InnoDB`;
}

/** Creates everything, empty but for the wallets, in the connection's database. */
export async function createTables(connection: Connection, tables: readonly WriterTable[]): Promise<void> {
  for (const table of tables) await connection.query(statementOf(table));
  for (const statement of ruledTables) await connection.query(statement);
  for (let wallet = 1; wallet <= walletCount; wallet++)
    await connection.query("INSERT INTO wallets VALUES (?, 1000)", [wallet]);
}

/** Asked of the server itself. */
export async function flavourOf(connection: Connection): Promise<Flavour> {
  const [rows] = await connection.query({ sql: "SELECT VERSION()", rowsAsArray: true });
  const version = JSON.stringify(rows);
  const [major = "0"] = /\d+/u.exec(version) ?? [];
  const mariadb = /mariadb/iu.test(version);
  return {
    mariadb,
    modern: mariadb || !/"5\.[0-6]\./u.test(version),
    vectors: !mariadb && Number(major) >= 9,
  };
}
