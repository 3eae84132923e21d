CREATE TABLE tinyint_1_unsigned (id INT PRIMARY KEY, level TINYINT(1) UNSIGNED);
INSERT INTO tinyint_1_unsigned VALUES (1, 0), (2, 255), (3, NULL);
