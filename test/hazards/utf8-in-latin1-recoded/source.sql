CREATE TABLE utf8_in_latin1_recoded (id INT PRIMARY KEY, v VARCHAR(40) CHARACTER SET latin1, other VARCHAR(40) CHARACTER SET latin1);
INSERT INTO utf8_in_latin1_recoded VALUES (1, _latin1 x'C3A9', _latin1 x'C3A9'), (2, _latin1 x'E282AC20F09F9880', 'x'), (3, 'plain', NULL), (4, NULL, '');
