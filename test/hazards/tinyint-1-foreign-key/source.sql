CREATE TABLE tinyint_1_foreign_key_parent (id TINYINT(1) PRIMARY KEY);
INSERT INTO tinyint_1_foreign_key_parent VALUES (0), (1);
CREATE TABLE tinyint_1_foreign_key (id INT PRIMARY KEY, kind TINYINT(1), FOREIGN KEY (kind) REFERENCES tinyint_1_foreign_key_parent (id));
INSERT INTO tinyint_1_foreign_key VALUES (1, 0), (2, 1), (3, NULL);
