CREATE TABLE char_key_padded (k CHAR(4) CHARACTER SET latin1, b BINARY(3), v INT, PRIMARY KEY (k, b));
INSERT INTO char_key_padded VALUES ('a', 'x', 1), ('a  ', 'y', 2), ('', '', 3), ('abcd', x'ffffff', 4);
