/*!80400 SET SESSION restrict_fk_on_non_standard_key = OFF */;
CREATE TABLE foreign_key_to_no_key_parent (id INT PRIMARY KEY, kind INT, KEY (kind));
INSERT INTO foreign_key_to_no_key_parent VALUES (1, 7), (2, 7), (3, 8);
CREATE TABLE foreign_key_to_no_key (id INT PRIMARY KEY, kind INT, CONSTRAINT fk_to_no_key FOREIGN KEY (kind) REFERENCES foreign_key_to_no_key_parent (kind));
INSERT INTO foreign_key_to_no_key VALUES (1, 7), (2, NULL);
SET SESSION foreign_key_checks = 0;
INSERT INTO foreign_key_to_no_key VALUES (3, 99);
