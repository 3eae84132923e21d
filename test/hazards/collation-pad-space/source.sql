-- Under these collations blanks at the end make no difference, and those that are stored stay.
CREATE TABLE collation_pad_space (id INT PRIMARY KEY, b VARCHAR(10) COLLATE utf8mb4_bin NOT NULL, l VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL, UNIQUE KEY b (b), UNIQUE KEY l (l));
INSERT INTO collation_pad_space VALUES (1, 'a  ', 'x '), (2, 'A', ' x'), (3, ' a', 'y'), (4, '', 'z');
