CREATE TABLE unique_stands_in_for_key (code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, n INT NOT NULL, v INT, UNIQUE KEY code_n (code, n));
INSERT INTO unique_stands_in_for_key VALUES ('a', 1, 1), ('a', 2, 2), ('b', 1, NULL);
