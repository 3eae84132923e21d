CREATE TABLE index_names_per_table (id INT PRIMARY KEY, a INT, KEY idx (a), KEY index_names_per_table (id, a));
CREATE TABLE index_names_per_table_too (id INT PRIMARY KEY, a INT, UNIQUE KEY idx (a), KEY `we``ird "idx"` (a, id));
INSERT INTO index_names_per_table VALUES (1, 1);
INSERT INTO index_names_per_table_too VALUES (1, 1);
