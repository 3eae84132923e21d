CREATE TABLE index_spatial (id INT PRIMARY KEY, place POINT NOT NULL, SPATIAL KEY nearby (place));
INSERT INTO index_spatial VALUES (1, ST_GeomFromText('POINT(1 2)'));
