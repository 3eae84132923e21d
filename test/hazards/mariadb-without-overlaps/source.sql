CREATE TABLE mariadb_without_overlaps (id INT, a DATE, b DATE, PERIOD FOR valid (a, b), UNIQUE KEY room (id, valid WITHOUT OVERLAPS));
INSERT INTO mariadb_without_overlaps VALUES (1, '2024-01-01', '2024-02-01'), (1, '2024-02-01', '2024-03-01'), (NULL, '2024-01-01', '2024-02-01'), (NULL, '2024-01-01', '2024-02-01');
CREATE TABLE mariadb_without_overlaps_key (id VARCHAR(9), a DATETIME(3), b DATETIME(3), PERIOD FOR `the time` (a, b), PRIMARY KEY (id, `the time` WITHOUT OVERLAPS));
INSERT INTO mariadb_without_overlaps_key VALUES ('x', '2024-01-01', '2024-02-01'), ('y', '2024-01-15', '2024-02-01');
CREATE TABLE mariadb_without_overlaps_not (id INT, a DATE, b DATE, PERIOD FOR valid (a, b), PRIMARY KEY (id, b, a)) COMMENT 'WITHOUT OVERLAPS';
INSERT INTO mariadb_without_overlaps_not VALUES (1, '2024-01-01', '2024-02-01'), (1, '2024-01-15', '2024-02-01');
