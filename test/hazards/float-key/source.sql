CREATE TABLE float_key (k DOUBLE PRIMARY KEY, v INT);
INSERT INTO float_key VALUES (0.1, 1), (-0.1, 2), (1e308, 3), (-1e308, 4), (16777217, 5), (0, 6), (5e-324, 7);
