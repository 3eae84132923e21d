CREATE TABLE checks (id INT PRIMARY KEY, n INT CHECK (n > 0), lo INT, hi INT, CONSTRAINT checks_range CHECK (lo <= hi AND lo BETWEEN 0 AND 100));
INSERT INTO checks VALUES (1, 1, 0, 0), (2, NULL, NULL, 5), (3, 5, 100, 1000);
