CREATE TABLE rows_wider_than_a_page (id INT PRIMARY KEY, a TEXT, b TEXT, c TEXT, d BLOB);
INSERT INTO rows_wider_than_a_page VALUES (1, REPEAT('a', 60000), REPEAT('é', 30000), REPEAT('😀', 15000), REPEAT(x'00ff', 30000)), (2, NULL, '', 'x', NULL);
