/**
 * What a person may do to a table that travels, as statements. Each is done to a table `t` of its own: `id` counts, `v` is
 * text, `n` and `m` are numbers with other values in each row.
 */
import type { SourceName } from "../matrix.js";

export interface Kind {
  readonly name: string;
  /** Beside the table, before anything begins. */
  readonly made?: readonly string[];
  readonly statements: readonly string[];
  /** Written afterwards, where the table cannot be written to as before. */
  readonly after?: readonly string[];
  /** Only these have it. */
  readonly sources?: readonly SourceName[];
  /** What is beside `t` on the source is not asked about. */
  readonly beside?: true;
}

const partitions = [
  "ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (60), PARTITION p1 VALUES LESS THAN (100), PARTITION p2 VALUES LESS THAN MAXVALUE)",
];
const modern: readonly SourceName[] = ["mysql9", "mariadb"];
const alter = (what: string): readonly string[] => [`ALTER TABLE t ${what}`];
const elsewhere = ["INSERT INTO u (v) VALUES ('after')", "UPDATE u SET v = 'after' WHERE id = 1"];

export const kinds: readonly Kind[] = [
  { name: "a column that may be NULL is added", statements: alter("ADD COLUMN w INT NULL") },
  { name: "a column with a default is added", statements: alter("ADD COLUMN w INT DEFAULT 5") },
  { name: "a column that may not be NULL is added", statements: alter("ADD COLUMN w INT NOT NULL") },
  { name: "a column is added at the front", statements: alter("ADD COLUMN w INT NULL FIRST") },
  {
    name: "a column is added instantly",
    statements: alter("ADD COLUMN w INT NULL, ALGORITHM = INSTANT"),
    sources: modern,
  },
  {
    name: "a computed and stored column is added",
    statements: alter("ADD COLUMN w INT AS (n * 2) STORED"),
    sources: modern,
  },
  {
    name: "a computed column is added",
    statements: alter("ADD COLUMN w INT AS (n * 2) VIRTUAL"),
    sources: modern,
  },
  { name: "a column is dropped", statements: alter("DROP COLUMN m") },
  {
    name: "a column is dropped and one of its name and type added",
    statements: [...alter("DROP COLUMN m"), ...alter("ADD COLUMN m INT NULL")],
  },
  { name: "a text is widened", statements: alter("MODIFY v VARCHAR(40)") },
  { name: "a number is widened", statements: alter("MODIFY n BIGINT") },
  { name: "a text is narrowed", statements: alter("MODIFY v VARCHAR(10)") },
  { name: "a number becomes unsigned", statements: alter("MODIFY n INT UNSIGNED") },
  { name: "a number becomes a text", statements: alter("MODIFY n VARCHAR(20)") },
  { name: "a column is renamed", statements: alter("CHANGE m q INT") },
  { name: "two columns change names", statements: alter("CHANGE n m INT, CHANGE m n INT") },
  { name: "columns are reordered", statements: alter("MODIFY m INT FIRST") },
  { name: "two columns of one type change places", statements: alter("MODIFY m INT AFTER v") },
  {
    name: "the labels of an ENUM change places",
    made: alter("ADD COLUMN e ENUM('a', 'b') NOT NULL DEFAULT 'a'"),
    statements: alter("MODIFY e ENUM('b', 'a') NOT NULL DEFAULT 'a'"),
  },
  { name: "a default is set", statements: alter("ALTER COLUMN n SET DEFAULT 7") },
  { name: "a table is renamed", statements: ["RENAME TABLE t TO u"], after: elsewhere },
  { name: "a table is renamed by ALTER", statements: alter("RENAME TO u"), after: elsewhere },
  { name: "an index is added", statements: alter("ADD INDEX n_index (n)") },
  { name: "an index is created", statements: ["CREATE INDEX n_index ON t (n)"] },
  {
    name: "an index is dropped",
    made: alter("ADD INDEX n_index (n)"),
    statements: alter("DROP INDEX n_index"),
  },
  { name: "a unique key is added", statements: alter("ADD UNIQUE (n)") },
  {
    name: "a unique key is dropped",
    made: alter("ADD UNIQUE n_key (n)"),
    statements: ["DROP INDEX n_key ON t"],
  },
  {
    name: "a primary key gets another column",
    statements: alter("DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)"),
  },
  { name: "a foreign key is added", statements: alter("ADD CONSTRAINT f FOREIGN KEY (m) REFERENCES p (id)") },
  {
    name: "a foreign key is dropped",
    made: alter("ADD CONSTRAINT f FOREIGN KEY (m) REFERENCES p (id)"),
    statements: alter("DROP FOREIGN KEY f"),
  },
  { name: "a CHECK is added", statements: alter("ADD CONSTRAINT c CHECK (n > -5)"), sources: modern },
  { name: "a table is emptied", statements: ["TRUNCATE TABLE t"] },
  { name: "a table is dropped", statements: ["DROP TABLE t"], after: [] },
  {
    name: "a table is dropped and made again",
    statements: ["CREATE TABLE u LIKE t", "DROP TABLE t", "RENAME TABLE u TO t"],
  },
  {
    name: "a table is created",
    statements: ["CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO u VALUES (1)"],
    beside: true,
  },
  {
    name: "a table is created from a query",
    statements: ["CREATE TABLE u (PRIMARY KEY (id)) SELECT id, v FROM t"],
    // MySQL 5.6 refuses it where enforce_gtid_consistency is on, as its GTIDs demand: it would be two transactions there.
    sources: modern,
    beside: true,
  },
  { name: "another character set", statements: alter("CONVERT TO CHARACTER SET latin1") },
  { name: "another character set for columns to come", statements: alter("DEFAULT CHARACTER SET latin1") },
  {
    name: "another collation",
    statements: alter("MODIFY v VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
  },
  { name: "a comment", statements: alter("COMMENT = 'a comment'") },
  { name: "a column's comment", statements: alter("MODIFY n INT COMMENT 'a comment'") },
  { name: "a counter is set", statements: alter("AUTO_INCREMENT = 1000") },
  { name: "a table is written anew", statements: alter("ENGINE = InnoDB") },
  { name: "a table is optimized", statements: ["OPTIMIZE TABLE t"] },
  { name: "a partition is dropped", made: partitions, statements: alter("DROP PARTITION p0") },
  { name: "a partition is emptied", made: partitions, statements: alter("TRUNCATE PARTITION p1") },
  {
    name: "a partition is split",
    made: partitions,
    statements: alter(
      "REORGANIZE PARTITION p2 INTO (PARTITION p2 VALUES LESS THAN (200), PARTITION p3 VALUES LESS THAN MAXVALUE)",
    ),
  },
  {
    name: "a partition is exchanged",
    made: [...partitions, "CREATE TABLE u LIKE t", "ALTER TABLE u REMOVE PARTITIONING"],
    statements: alter("EXCHANGE PARTITION p0 WITH TABLE u"),
  },
  { name: "a partition is rebuilt", made: partitions, statements: alter("REBUILD PARTITION p0") },
  {
    name: "gh-ost's swap",
    statements: [
      "CREATE TABLE _t_gho LIKE t",
      "ALTER TABLE _t_gho ADD COLUMN w INT NULL",
      "INSERT INTO _t_gho (id, v, n, m) SELECT id, v, n, m FROM t",
      "RENAME TABLE t TO _t_del, _t_gho TO t",
      "DROP TABLE _t_del",
    ],
  },
  {
    name: "pt-online-schema-change's swap",
    statements: [
      "CREATE TABLE _t_new (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), n INT, m INT, w INT) DEFAULT CHARACTER SET utf8mb4",
      "INSERT INTO _t_new (id, v, n, m) SELECT id, v, n, m FROM t",
      "RENAME TABLE t TO _t_old, _t_new TO t",
      "DROP TABLE _t_old",
    ],
  },
];
