/** A random workload on PostgreSQL for tables that come from MySQL: every type, keys that change, unique values that are exchanged, cascades, rows without a key. */

const tables = `
  CREATE TABLE kinds (
    id INT PRIMARY KEY, big BIGINT UNSIGNED, dbl DOUBLE, flt FLOAT, amount DECIMAL(20,4), flag TINYINT(1), bits BIT(9),
    label VARCHAR(40) COLLATE utf8mb4_bin, other VARCHAR(40), note LONGTEXT, raw BLOB, pad BINARY(4), mood ENUM('good', 'bad'),
    tags SET('a','b','c'), doc JSON, born DATE, at DATETIME(6), seen TIMESTAMP(6) NULL, lasted TIME(6), year YEAR);
  CREATE TABLE parent (id BIGINT PRIMARY KEY, code INT NOT NULL UNIQUE, v VARCHAR(20));
  CREATE TABLE child (a INT, b VARCHAR(10) COLLATE utf8mb4_bin, parent BIGINT NULL, v INT, PRIMARY KEY (a, b),
    FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE bag (a VARCHAR(10), b INT);
  CREATE TABLE emptied (id INT PRIMARY KEY, v INT)`;

/** How they are made on MySQL, with their first rows. */
export const workloadTables: readonly string[] = [
  ...tables.split(";"),
  "INSERT INTO parent VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three')",
  "INSERT INTO child VALUES (1, 'a', 1, 1), (2, 'b', 2, 2)",
  "INSERT INTO bag VALUES ('x', 1), ('x', 1), (NULL, NULL)",
  "INSERT INTO kinds (id, note) VALUES (1, REPEAT('long', 30000)), (2, '')",
  "INSERT INTO emptied VALUES (1, 1)",
];

/** Below the number that it is given. */
export type Random = (below: number) => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const pick = <T>(of: readonly T[], r: Random): T => {
  const one = of[r(of.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
};

/** Values of `kinds` behind its key, as SQL of PostgreSQL. */
function kinds(r: Random): readonly string[] {
  const or = (...values: readonly string[]): string => (r(6) === 0 ? "NULL" : pick(values, r));
  return [
    or("0", "18446744073709551615", String(r(1000))),
    or("0.1", "-1e300", "5e-324", String(r(1000) / 7)),
    or("0.1", "16777216", "-3.4e38"),
    or("1.5", "-9999999999999999.9999", "0"),
    or("true", "false"),
    or("B'100000101'", "B'000000000'", "B'111111111'"),
    or("'Straße'", "''", `'l${String(r(1000))}'`),
    or("'a'", "'é😀'", `'o${String(r(1000))}'`),
    or("''", `repeat('ä${String(r(10))}', ${String(r(40_000))})`, "'x'"),
    or("'\\x00ff10'", "''", "decode(repeat('ab', 20000), 'hex')"),
    or("'\\x61620000'", "'\\x00000000'"),
    or("'good'", "'bad'"),
    or("'{}'", "'{a,c}'", "'{a,b,c}'"),
    or(`'{"n": 12345678.5, "s": "x", "deep": [1, {"a": null}]}'`, "'[]'", "'1'"),
    or("'1582-10-15'", "'9999-12-31'", "'2024-02-29'"),
    or("'9999-12-31 23:59:59.999999'", "'1000-01-01 00:00:00.000001'"),
    or("'2038-01-19 03:14:07.999999Z'", "'1970-01-01 00:00:01Z'"),
    or("'-838:59:59'", "'00:00:00.000001'", "'12:34:56.5'"),
    or("1901", "2155", "2026"),
  ];
}

/** Two rows exchange their unique values. */
const exchange = `
  DO $$ DECLARE one record; other record; BEGIN
    SELECT * INTO one FROM parent ORDER BY id LIMIT 1;
    SELECT * INTO other FROM parent ORDER BY id DESC LIMIT 1;
    IF one.id <> other.id THEN
      UPDATE parent SET code = -77 WHERE id = one.id;
      UPDATE parent SET code = one.code WHERE id = other.id;
      UPDATE parent SET code = other.code WHERE id = one.id;
    END IF;
  END $$`;

/** One statement of PostgreSQL; what it hits is left to chance, and unique values clash by it. */
export function workloadStatement(r: Random): string {
  const id = String(r(40));
  switch (r(16)) {
    case 0:
    case 1:
    case 2:
      return `INSERT INTO kinds VALUES (${id}, ${kinds(r).join(", ")}) ON CONFLICT (id) DO UPDATE SET note = excluded.note, doc = excluded.doc`;
    case 3:
      return `UPDATE kinds SET id = ${String(100 + r(1000))} WHERE id = ${id} AND NOT EXISTS (SELECT FROM kinds WHERE id >= 100)`;
    case 4:
      return `UPDATE kinds SET flag = NOT flag WHERE id < ${id}`;
    case 5:
      return `DELETE FROM kinds WHERE id > ${id} AND id % 3 = ${String(r(3))}`;
    case 6:
      return `INSERT INTO parent VALUES (${id}, ${String(r(60))}, 'p') ON CONFLICT DO NOTHING`;
    case 7:
      return `DELETE FROM parent WHERE id = ${id}`;
    case 8:
      return r(2) === 0 ? exchange : "UPDATE parent SET code = -code - 1";
    case 9:
      return `UPDATE parent SET id = id + 1000 WHERE id = ${id} AND NOT EXISTS (SELECT FROM parent WHERE id = ${id} + 1000)`;
    case 10:
    case 11:
      return `INSERT INTO child VALUES (${id}, 'c${String(r(5))}', (SELECT min(id) FROM parent WHERE id >= ${id}), ${String(r(9))}) ON CONFLICT DO NOTHING`;
    case 12:
      return `INSERT INTO bag VALUES ('x', ${String(r(3))}), ('x', ${String(r(3))}), (NULL, NULL)`;
    case 13:
      return `DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE b = ${String(r(3))} LIMIT 1)`;
    case 14:
      return `UPDATE bag SET b = ${String(r(3))} WHERE ctid IN (SELECT ctid FROM bag LIMIT ${String(r(3))})`;
    default:
      return r(4) === 0
        ? "TRUNCATE emptied"
        : `INSERT INTO emptied VALUES (${id}, 1) ON CONFLICT (id) DO UPDATE SET v = emptied.v + 1`;
  }
}
