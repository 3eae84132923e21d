CREATE TABLE generated_columns (id INT PRIMARY KEY, a INT, first VARCHAR(10), s INT GENERATED ALWAYS AS (a * 2) STORED, v VARCHAR(30) GENERATED ALWAYS AS (CONCAT(first, '-', id)) VIRTUAL);
INSERT INTO generated_columns (id, a, first) VALUES (1, 5, 'x'), (2, NULL, NULL);
