CREATE TABLE mariadb_versioned_partitions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING
  PARTITION BY SYSTEM_TIME (PARTITION past HISTORY, PARTITION now CURRENT);
INSERT INTO mariadb_versioned_partitions VALUES (1, 1), (2, 2);
UPDATE mariadb_versioned_partitions SET v = 10 WHERE id = 1;
DELETE FROM mariadb_versioned_partitions WHERE id = 2;
CREATE TABLE mariadb_versioned_partitions_part (id INT PRIMARY KEY, kept INT WITHOUT SYSTEM VERSIONING, v INT) WITH SYSTEM VERSIONING;
INSERT INTO mariadb_versioned_partitions_part VALUES (1, 1, 1);
UPDATE mariadb_versioned_partitions_part SET kept = 2, v = 2;
