CREATE TABLE unique_takes_many_nulls (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY (a, b));
INSERT INTO unique_takes_many_nulls VALUES (1, NULL, 1), (2, NULL, 1), (3, NULL, NULL), (4, 1, 1);
