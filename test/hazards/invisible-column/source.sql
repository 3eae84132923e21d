CREATE TABLE invisible_column (id INT PRIMARY KEY, secret INT INVISIBLE DEFAULT 4, seen INT);
INSERT INTO invisible_column (id, secret, seen) VALUES (1, 10, 11);
INSERT INTO invisible_column (id, seen) VALUES (2, 22);
