CREATE TABLE utf8_in_latin1 (id INT PRIMARY KEY, v VARCHAR(40) CHARACTER SET latin1);
INSERT INTO utf8_in_latin1 VALUES (1, _latin1 x'C3A9'), (2, _latin1 x'E282AC20F09F9880'), (3, 'plain'), (4, NULL);
