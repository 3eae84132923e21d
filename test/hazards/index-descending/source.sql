CREATE TABLE index_descending (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY down (a DESC, b));
INSERT INTO index_descending VALUES (1, 1, 1), (2, 2, NULL);
