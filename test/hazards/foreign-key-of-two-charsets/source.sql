-- InnoDB compares ENUM and SET by number, so a foreign key may join two character sets.
CREATE TABLE foreign_key_of_two_charsets_parent (e ENUM('ä','b','') CHARACTER SET latin1 NOT NULL, s SET('x','ÿ') CHARACTER SET latin1 NOT NULL,
  PRIMARY KEY (e), UNIQUE KEY s (s));
INSERT INTO foreign_key_of_two_charsets_parent VALUES ('ä', 'x,ÿ'), ('b', '');
CREATE TABLE foreign_key_of_two_charsets (id INT PRIMARY KEY, e ENUM('ä','b','') NULL, s SET('x','ÿ') COLLATE utf8mb4_bin NULL,
  CONSTRAINT of_two_charsets_e FOREIGN KEY (e) REFERENCES foreign_key_of_two_charsets_parent (e),
  CONSTRAINT of_two_charsets_s FOREIGN KEY (s) REFERENCES foreign_key_of_two_charsets_parent (s));
INSERT INTO foreign_key_of_two_charsets VALUES (1, 'ä', 'x,ÿ'), (2, 'b', ''), (3, NULL, NULL);
