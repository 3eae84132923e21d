/**
 * A schema of what is awkward to read from a catalogue (types.md, sections 3 and 4), for MySQL 9.7 and MariaDB 10.11,
 * with what only one of them has. Tables are empty.
 */

export const torture: readonly string[] = [
  String.raw`CREATE TABLE d (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    txt VARCHAR(50) DEFAULT 'it''s \\ back \n "q" line',
    nothing VARCHAR(50) NOT NULL DEFAULT '',
    emoji VARCHAR(20) DEFAULT '😀?',
    bin BINARY(4) DEFAULT 'a\0b',
    vb VARBINARY(10) DEFAULT x'ff00fe',
    vbtext VARBINARY(10) DEFAULT 'abc',
    bits BIT(9) DEFAULT b'100000101',
    flag BIT(1) NOT NULL DEFAULT b'0',
    dt DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    ts TIMESTAMP NULL DEFAULT NULL,
    ts2 TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    words VARCHAR(30) DEFAULT 'CURRENT_TIMESTAMP',
    nul VARCHAR(10) DEFAULT 'NULL',
    fl FLOAT DEFAULT 1.5, db DOUBLE(10,3) DEFAULT -2.5,
    amount DECIMAL(10,2) NOT NULL DEFAULT 3.1,
    num INT DEFAULT -5,
    expr VARCHAR(40) DEFAULT (CONCAT('a''b', '\\', '\n', 'é')),
    made VARCHAR(36) DEFAULT (UUID()),
    must VARCHAR(10) NOT NULL,
    en ENUM('a''b', 'c\\d', 'e\nf', 'g,h', 'é', '"', '${"`"}', 'z\0z', '%_', '') DEFAULT 'a''b',
    st SET('x', 'y''y') NOT NULL DEFAULT 'x',
    zero DATE DEFAULT '0000-00-00',
    lasting TIME(2) DEFAULT '-12:00:00.5',
    yr YEAR DEFAULT 2000,
    doc JSON,
    lt VARCHAR(5) CHARACTER SET latin1 DEFAULT 'é',
    tx TEXT DEFAULT ('long'),
    today DATE DEFAULT (CURRENT_DATE),
    big BIGINT NOT NULL DEFAULT -9223372036854775808 COMMENT 'it''s "quoted" \\ é'
  ) AUTO_INCREMENT = 18446744073709551000 COMMENT 'a table''s \\ comment'`,
  String.raw`CREATE TABLE g (
    id INT, a VARCHAR(20),
    v VARCHAR(60) GENERATED ALWAYS AS (CONCAT(a, 'it''s \\ \n', 'é', '😀')) VIRTUAL,
    s INT GENERATED ALWAYS AS (id + 1) STORED COMMENT 'sum',
    j JSON,
    k VARCHAR(10) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(j, '$.a'))) VIRTUAL,
    CONSTRAINT quoted CHECK (a <> 'x''y\\é'), CONSTRAINT positive CHECK (id > 0)
  )`,
  "CREATE TABLE inv (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 4, seen INT)",
  "CREATE TABLE z (zf INT(8) ZEROFILL, t1 TINYINT(1), t1u TINYINT(1) UNSIGNED, f FLOAT(7,4), du DOUBLE UNSIGNED)",
  "CREATE TABLE `we``ird \"name'é` (`co``l` INT, `é` INT DEFAULT (1 + 1), `select` INT, KEY `i``x` (`é`, `select`))",
  "CREATE TABLE parent (a INT, b VARCHAR(10), PRIMARY KEY (b, a), UNIQUE KEY (a, b))",
  `CREATE TABLE child (id INT PRIMARY KEY, a INT, b VARCHAR(10), self INT,
    CONSTRAINT to_parent FOREIGN KEY (a, b) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT to_self FOREIGN KEY (self) REFERENCES child (id) ON DELETE RESTRICT ON UPDATE NO ACTION)`,
  `CREATE TABLE parts (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE COLUMNS (at)
    (PARTITION old VALUES LESS THAN ('2000-01-01'), PARTITION new VALUES LESS THAN (MAXVALUE))`,
  `CREATE TABLE ix (id INT, t TEXT, a INT, b INT, p POINT NOT NULL, UNIQUE KEY uniq (a, b), PRIMARY KEY (id),
    KEY prefixed (t(10)), KEY down (a DESC, b), FULLTEXT KEY words (t), SPATIAL KEY place (p),
    KEY hashed (b) USING HASH COMMENT 'an index''s comment', KEY unused (a))`,
  "CREATE TABLE empty_name_parts (`a b` INT, `c.d` INT, KEY `e f` (`a b`))",
  "CREATE TABLE old_engine (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = MyISAM",
  "CREATE VIEW vw AS SELECT id, 'é😀' AS e FROM inv",
  "CREATE PROCEDURE pr() SELECT 1",
  "CREATE FUNCTION fn() RETURNS INT DETERMINISTIC NO SQL RETURN 1",
  "CREATE TRIGGER tr BEFORE INSERT ON parent FOR EACH ROW SET NEW.a = 1",
  "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO SELECT 1",
];

export const mysqlTorture: readonly string[] = [
  "ALTER TABLE ix ALTER INDEX unused INVISIBLE",
  "SET SESSION sql_generate_invisible_primary_key = ON",
  "CREATE TABLE gipk (a INT)",
  "SET SESSION sql_generate_invisible_primary_key = OFF",
  "CREATE TABLE geo (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, c GEOMETRYCOLLECTION, SPATIAL KEY (p))",
  "CREATE TABLE fx (a VARCHAR(20), j JSON, KEY fx1 ((CONCAT(a, 'it''s é😀'))), KEY mv ((CAST(j->'$.x' AS UNSIGNED ARRAY))))",
  "CREATE TABLE ck (a INT CHECK (a > 1), CONSTRAINT lax CHECK (a < 9) NOT ENFORCED, CONSTRAINT `o``dd` CHECK (a <> 5))",
  "CREATE TABLE vec (v VECTOR(3))",
];

export const mariadbTorture: readonly string[] = [
  "ALTER TABLE ix ALTER INDEX unused IGNORED",
  `CREATE TABLE extra (n INT CHECK (n > 2), packed TEXT COMPRESSED, id16 UUID, i4 INET4, i6 INET6,
    smile ENUM('😀', '?', 'b') COLLATE utf8mb4_bin, doc JSON DEFAULT '[]', CONSTRAINT \`both\` CHECK (n < 9 OR packed = '😀'))`,
  "CREATE SEQUENCE seq START WITH 5",
  "CREATE TABLE versioned (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
  `CREATE TABLE periods (id INT, r1 TIMESTAMP(6) GENERATED ALWAYS AS ROW START, r2 TIMESTAMP(6) GENERATED ALWAYS AS ROW END,
    PERIOD FOR SYSTEM_TIME (r1, r2)) WITH SYSTEM VERSIONING`,
  "CREATE TABLE app_period (id INT, a DATE, b DATE, PERIOD FOR p (a, b))",
];
