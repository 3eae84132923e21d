CREATE TABLE geometry_empty (id INT PRIMARY KEY);
INSERT INTO geometry_empty VALUES (1);
ALTER TABLE geometry_empty ADD g POINT NOT NULL;
INSERT INTO geometry_empty VALUES (2, GeomFromText('POINT(1 2)'));
