CREATE TABLE char_trailing_spaces (id INT PRIMARY KEY, c CHAR(5), v VARCHAR(5), t TEXT, b CHAR(5) CHARACTER SET latin1 COLLATE latin1_bin);
INSERT INTO char_trailing_spaces VALUES (1, 'a  ', 'a  ', 'a  ', 'a  '), (2, '     ', '     ', ' ', ' '), (3, '', '', '', ''), (4, ' a', ' a', '\ta', 'a\t');
