CREATE TABLE char_zero_length (id INT PRIMARY KEY, c CHAR(0), v VARCHAR(0) NOT NULL);
INSERT INTO char_zero_length VALUES (1, '', ''), (2, NULL, '');
