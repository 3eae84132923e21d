CREATE TABLE checks_set_aside (id INT PRIMARY KEY, n INT CHECK (n > 0), m INT, CONSTRAINT less CHECK (m < id));
SET check_constraint_checks = 0;
INSERT INTO checks_set_aside VALUES (1, -1, 0), (2, 5, 9), (3, -7, 3), (4, NULL, NULL);
SET check_constraint_checks = 1;
