/** Traps of the order of changes: keys that come back, move and swap, unique values, parents, what is read late. */
import { numbers } from "../journey.js";
import { second, together } from "./trap.js";
import type { Trap } from "./trap.js";

export const rowTraps: readonly Trap[] = [
  {
    name: "trap 2: delete then re-insert of one key, in one transaction and in two",
    tables: ["t2"],
    made: [
      "CREATE TABLE t2 (id INT PRIMARY KEY, v VARCHAR(20))",
      "INSERT INTO t2 VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
    ],
    started: [
      "DELETE FROM t2 WHERE id = 1",
      "INSERT INTO t2 VALUES (1, 'again')",
      ...together("DELETE FROM t2 WHERE id = 2", "INSERT INTO t2 VALUES (2, 'again')"),
    ],
    copying: [
      "DELETE FROM t2 WHERE id = 3",
      "INSERT INTO t2 VALUES (3, 'again')",
      "DELETE FROM t2 WHERE id = 3",
    ],
    joined: [
      "DELETE FROM t2 WHERE id = 1",
      "INSERT INTO t2 VALUES (1, 'third')",
      ...together(
        "DELETE FROM t2 WHERE id = 2",
        "INSERT INTO t2 VALUES (2, 'third')",
        "DELETE FROM t2 WHERE id = 2",
      ),
      ...together("INSERT INTO t2 VALUES (9, 'x')", "DELETE FROM t2 WHERE id = 9"),
    ],
    rows: [2],
  },
  {
    name: "trap 3: a key change is a delete and an insert, swaps among them, and children and unique values follow",
    tables: ["t3", "t3_child"],
    made: [
      "CREATE TABLE t3 (id INT PRIMARY KEY, mail VARCHAR(20) UNIQUE)",
      "CREATE TABLE t3_child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES t3 (id) ON UPDATE CASCADE)",
      "INSERT INTO t3 VALUES (1, 'a'), (2, 'b'), (3, 'c')",
      "INSERT INTO t3_child VALUES (1, 1), (2, 2), (3, 1)",
    ],
    started: ["UPDATE t3 SET id = 10 WHERE id = 1"],
    copying: ["UPDATE t3 SET id = id + 100 ORDER BY id DESC"],
    joined: [
      ...together(
        "UPDATE t3 SET id = 7 WHERE mail = 'a'",
        "UPDATE t3 SET id = 110 WHERE mail = 'b'",
        "UPDATE t3 SET id = 102 WHERE mail = 'a'",
      ),
      "UPDATE t3 SET id = id + 1 ORDER BY id DESC",
      "UPDATE t3 SET id = 5 WHERE mail = 'c'",
    ],
    rows: [3, 3],
  },
  {
    name: "trap 5: a child that is written before its parent, with the source's foreign keys asleep",
    tables: ["t5", "t5_child"],
    made: [
      "CREATE TABLE t5 (id INT PRIMARY KEY)",
      "CREATE TABLE t5_child (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES t5 (id))",
    ],
    joined: [
      "SET foreign_key_checks = 0",
      "INSERT INTO t5_child VALUES (1, 1)",
      "INSERT INTO t5 VALUES (1)",
      "SET foreign_key_checks = 1",
      ...together(
        "INSERT INTO t5 VALUES (2)",
        "INSERT INTO t5_child VALUES (2, 2)",
        "DELETE FROM t5_child WHERE id = 1",
      ),
    ],
    rows: [2, 1],
  },
  {
    // In a lane of its own, beside the others: all changes of a table travel in one, whatever is in them.
    name: "trap 6, unique-key-across-lanes: one row gives a unique value up and another takes it",
    tables: ["t6"],
    made: [
      "CREATE TABLE t6 (id INT PRIMARY KEY, mail VARCHAR(20) NOT NULL UNIQUE, seat INT UNIQUE)",
      "INSERT INTO t6 VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', NULL), (4, 'd', NULL)",
    ],
    started: ["DELETE FROM t6 WHERE id = 1", "INSERT INTO t6 VALUES (11, 'a', 1)"],
    copying: ["UPDATE t6 SET mail = 'z' WHERE id = 2", "UPDATE t6 SET mail = 'b' WHERE id = 3"],
    joined: [
      "UPDATE t6 SET mail = 'q' WHERE id = 11",
      "UPDATE t6 SET mail = 'a' WHERE id = 4",
      ...together("DELETE FROM t6 WHERE id = 4", "INSERT INTO t6 VALUES (5, 'a', 5)"),
      ...together("UPDATE t6 SET seat = NULL WHERE id = 11", "UPDATE t6 SET seat = 1 WHERE id = 2"),
    ],
    rows: [4],
  },
  {
    name: "trap 7: a fold must not lose the step that frees a unique value: rings of two and three, and a shift",
    tables: ["t7"],
    made: [
      "CREATE TABLE t7 (id INT PRIMARY KEY, mail VARCHAR(20) NOT NULL UNIQUE, place INT NULL UNIQUE)",
      "INSERT INTO t7 VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)",
    ],
    joined: [
      ...together(
        "UPDATE t7 SET mail = 'x' WHERE id = 1",
        "UPDATE t7 SET mail = 'a' WHERE id = 2",
        "UPDATE t7 SET mail = 'b' WHERE id = 1",
      ),
      ...together(
        "UPDATE t7 SET mail = 'x' WHERE id = 1",
        "UPDATE t7 SET mail = 'b' WHERE id = 2",
        "UPDATE t7 SET mail = 'a' WHERE id = 3",
        "UPDATE t7 SET mail = 'c' WHERE id = 1",
      ),
      "UPDATE t7 SET place = place + 1 ORDER BY place DESC",
      "UPDATE t7 SET place = place - 1 ORDER BY place",
      ...together(
        "UPDATE t7 SET place = NULL WHERE id = 4",
        "UPDATE t7 SET place = place + 1 WHERE place IS NOT NULL ORDER BY place DESC",
        "UPDATE t7 SET place = 1 WHERE id = 4",
      ),
    ],
    rows: [4],
  },
  {
    name: "unique-key-deletes-neighbour: REPLACE throws out the row that has the value, and no other",
    tables: ["m_neighbour"],
    made: [
      "CREATE TABLE m_neighbour (id INT PRIMARY KEY, mail VARCHAR(20) NOT NULL UNIQUE, code INT UNIQUE)",
      "INSERT INTO m_neighbour VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)",
    ],
    started: ["REPLACE INTO m_neighbour VALUES (5, 'a', NULL)"],
    joined: [
      "REPLACE INTO m_neighbour VALUES (2, 'c', 9)",
      "REPLACE INTO m_neighbour VALUES (6, 'a', 4)",
      "INSERT INTO m_neighbour VALUES (7, 'a', 7) ON DUPLICATE KEY UPDATE code = 77",
    ],
    rows: [2],
  },
  {
    name: "trap 15 and 16, stale-read-overwrites-newer: what is read late and what the log has of it come out as the last",
    tables: ["t16"],
    made: [
      "CREATE TABLE t16 (id INT PRIMARY KEY, v INT)",
      `INSERT INTO t16 SELECT n, 0 FROM (${numbers(300)}) AS s`,
    ],
    started: [
      "UPDATE t16 SET v = v + 1",
      "DELETE FROM t16 WHERE id % 3 = 0",
      "UPDATE t16 SET v = v + 1 WHERE id % 2 = 0",
      `INSERT INTO t16 SELECT n + 1000, 5 FROM (${numbers(50)}) AS s`,
    ],
    copying: [
      "UPDATE t16 SET v = v + 10",
      "DELETE FROM t16 WHERE id % 5 = 0",
      "INSERT INTO t16 VALUES (3, 33), (6, 66)",
      "UPDATE t16 SET id = id + 5000 WHERE id % 7 = 0",
    ],
    joined: ["UPDATE t16 SET v = v + 100", "DELETE FROM t16 WHERE id % 11 = 0"],
    rows: [-1],
  },
  {
    name: "trap 18: TRUNCATE is a barrier at its place",
    tables: ["t18", "t18_keyless"],
    made: [
      "CREATE TABLE t18 (id INT PRIMARY KEY, v INT)",
      "INSERT INTO t18 VALUES (1, 1), (2, 2)",
      "CREATE TABLE t18_keyless (v INT)",
      "INSERT INTO t18_keyless VALUES (1), (1)",
    ],
    started: [
      "TRUNCATE t18",
      "INSERT INTO t18 VALUES (2, 20), (3, 3)",
      "TRUNCATE TABLE t18_keyless",
      "INSERT INTO t18_keyless VALUES (7)",
    ],
    joined: [
      "INSERT INTO t18 VALUES (4, 4)",
      "TRUNCATE TABLE t18",
      "INSERT INTO t18 VALUES (4, 44), (5, 5)",
      "INSERT INTO t18_keyless VALUES (8), (8)",
      "TRUNCATE t18_keyless",
      "INSERT INTO t18_keyless VALUES (9), (9)",
    ],
    rows: [2, 2],
  },
  {
    name: "trap 19: a transaction that is far larger than a batch stays whole",
    tables: ["t19"],
    made: ["CREATE TABLE t19 (id INT PRIMARY KEY, v INT, pad VARCHAR(60))"],
    joined: [
      ...together(
        `INSERT INTO t19 SELECT n, 0, REPEAT('x', 50) FROM (${numbers(8000)}) AS s`,
        "UPDATE t19 SET v = 1 WHERE id % 2 = 0",
        "UPDATE t19 SET id = id + 100000 WHERE id < 100",
        "DELETE FROM t19 WHERE id % 10 = 7",
      ),
    ],
    rows: [7200],
  },
  {
    name: "trap 20: a transaction that is open across the start comes with its commit",
    tables: ["t20"],
    made: ["CREATE TABLE t20 (id INT PRIMARY KEY, v INT)", "INSERT INTO t20 VALUES (1, 1), (2, 2)"],
    // Begun before anything else: `made` runs before the engine starts.
    started: ["UPDATE t20 SET v = 22 WHERE id = 2"],
    copying: [`${second}UPDATE t20 SET v = v + 1 WHERE id = 2`, `${second}COMMIT`],
    joined: ["UPDATE t20 SET v = v * 2"],
    rows: [3],
  },
  {
    name: "trap 21: our markers and heartbeats reach no table of the source that is called as theirs is",
    tables: ["marker_main"],
    made: [
      // As headgate.marker_main is, to the last column.
      "CREATE TABLE marker_main (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, note VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
      "INSERT INTO marker_main (id, note) VALUES (1001, 'mine'), (1002, 'mine')",
    ],
    started: ["INSERT INTO marker_main (id, note) VALUES (1003, 'join')"],
    copying: ["UPDATE marker_main SET note = 'heartbeat' WHERE id = 1002"],
    joined: [
      "INSERT INTO marker_main (id, note) VALUES (1004, 'mine')",
      "DELETE FROM marker_main WHERE id = 1001",
    ],
    rows: [3],
  },
  {
    name: "trap 43: rows without a key go and change one copy at a time, NULLs and texts that a collation holds equal too",
    tables: ["t43", "t43_loose"],
    made: [
      "CREATE TABLE t43 (a INT, b VARCHAR(10) COLLATE utf8mb4_general_ci, c DOUBLE)",
      "INSERT INTO t43 VALUES (1, 'x', 0.5), (1, 'x', 0.5), (1, 'X', 0.5), (1, 'x ', 0.5), (NULL, NULL, NULL), (NULL, NULL, NULL), (2, '', NULL)",
      "CREATE TABLE t43_loose (code INT NULL UNIQUE, v INT)",
      "INSERT INTO t43_loose VALUES (1, 1), (NULL, 2), (NULL, 2)",
    ],
    started: ["INSERT INTO t43 VALUES (1, 'x', 0.5)", "DELETE FROM t43 WHERE a IS NULL LIMIT 1"],
    copying: ["INSERT INTO t43 VALUES (1, 'X', 0.5)"],
    joined: [
      "DELETE FROM t43 WHERE BINARY b = 'x' LIMIT 1",
      "DELETE FROM t43 WHERE BINARY b = 'X' LIMIT 1",
      "UPDATE t43 SET c = 1.5 WHERE BINARY b = 'x' LIMIT 1",
      "INSERT INTO t43 VALUES (NULL, NULL, NULL), (NULL, NULL, NULL)",
      "DELETE FROM t43 WHERE a IS NULL LIMIT 2",
      ...together("INSERT INTO t43 VALUES (3, 'y', 1)", "DELETE FROM t43 WHERE a = 3"),
      "UPDATE t43_loose SET v = 3 WHERE code IS NULL LIMIT 1",
      "UPDATE t43_loose SET code = 5 WHERE v = 3",
      "DELETE FROM t43_loose WHERE code = 1",
    ],
    rows: [6, 2],
  },
  {
    name: "trap 48: what foreign keys do to children, once, and before what comes after it",
    tables: ["t48", "t48_child", "t48_grandchild", "t48_loose"],
    made: [
      "CREATE TABLE t48 (id INT PRIMARY KEY, v INT)",
      "CREATE TABLE t48_child (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES t48 (id) ON DELETE CASCADE ON UPDATE CASCADE)",
      "CREATE TABLE t48_grandchild (id INT PRIMARY KEY, child INT NOT NULL, FOREIGN KEY (child) REFERENCES t48_child (id) ON DELETE CASCADE)",
      "CREATE TABLE t48_loose (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES t48 (id) ON DELETE SET NULL ON UPDATE CASCADE)",
      "INSERT INTO t48 VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)",
      "INSERT INTO t48_child VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 1)",
      "INSERT INTO t48_grandchild VALUES (1, 1), (2, 2), (3, 3), (5, 5)",
      "INSERT INTO t48_loose VALUES (1, 1), (2, 2), (3, 3), (4, NULL)",
    ],
    started: ["DELETE FROM t48 WHERE id = 5"],
    copying: ["UPDATE t48 SET id = 33 WHERE id = 3"],
    joined: [
      // A child that was given to another parent in time stays.
      ...together("UPDATE t48_child SET parent = 2 WHERE id = 5", "DELETE FROM t48 WHERE id = 1"),
      ...together(
        "INSERT INTO t48 VALUES (1, 10)",
        "INSERT INTO t48_child VALUES (1, 1)",
        "INSERT INTO t48_grandchild VALUES (9, 1)",
      ),
      ...together(
        "UPDATE t48 SET id = 20 WHERE id = 2",
        "UPDATE t48_child SET id = 22 WHERE id = 4",
        "DELETE FROM t48_loose WHERE id = 4",
      ),
      ...together("UPDATE t48 SET id = 40 WHERE id = 4", "DELETE FROM t48 WHERE id = 40"),
      ...together(
        "INSERT INTO t48_child VALUES (30, 33)",
        "DELETE FROM t48 WHERE id = 33",
        "INSERT INTO t48 VALUES (33, 0)",
        "INSERT INTO t48_child VALUES (30, 33)",
      ),
    ],
    rows: [3, 4, 3, 3],
  },
];
