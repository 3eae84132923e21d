CREATE TABLE foreign_key_of_two_widths_parent (code VARCHAR(10) COLLATE utf8mb4_bin PRIMARY KEY);
INSERT INTO foreign_key_of_two_widths_parent VALUES ('a'), ('b');
CREATE TABLE foreign_key_of_two_widths (id INT PRIMARY KEY, code VARCHAR(40) COLLATE utf8mb4_bin, FOREIGN KEY (code) REFERENCES foreign_key_of_two_widths_parent (code));
INSERT INTO foreign_key_of_two_widths VALUES (1, 'a'), (2, NULL);
