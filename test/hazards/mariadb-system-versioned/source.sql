CREATE TABLE mariadb_system_versioned (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO mariadb_system_versioned VALUES (1, 1), (2, 2), (3, 3);
UPDATE mariadb_system_versioned SET v = 20 WHERE id = 2;
DELETE FROM mariadb_system_versioned WHERE id = 3;
