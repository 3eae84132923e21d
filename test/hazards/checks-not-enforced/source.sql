CREATE TABLE checks_not_enforced (id INT PRIMARY KEY, n INT, CONSTRAINT checks_lax CHECK (n < 9) NOT ENFORCED);
INSERT INTO checks_not_enforced VALUES (1, 100);
