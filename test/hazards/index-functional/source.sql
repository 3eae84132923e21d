CREATE TABLE index_functional (id INT PRIMARY KEY, a VARCHAR(20), n INT, KEY fx ((a + 0)), UNIQUE KEY ux ((n + 1)));
INSERT INTO index_functional VALUES (1, '12abc', 1);
