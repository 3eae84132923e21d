CREATE TABLE geometry_bytes (id INT PRIMARY KEY, g GEOMETRY, p POINT, l LINESTRING);
INSERT INTO geometry_bytes VALUES (1, ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'), ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1)')), (2, NULL, NULL, NULL);
