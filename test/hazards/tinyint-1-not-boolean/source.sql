CREATE TABLE tinyint_1_not_boolean (id INT PRIMARY KEY, flag TINYINT(1), ok BOOLEAN NOT NULL DEFAULT 1);
INSERT INTO tinyint_1_not_boolean VALUES (1, 0, 0), (2, 1, 1), (3, 2, 1), (4, -1, 0), (5, 127, 1), (6, NULL, 0);
