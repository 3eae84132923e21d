CREATE TABLE year_extremes (id INT PRIMARY KEY, y YEAR);
INSERT INTO year_extremes VALUES (1, 1901), (2, 2155), (3, '0000'), (4, NULL), (5, 69), (6, 70);
