CREATE TABLE rule_checks_asked (id INT PRIMARY KEY, n INT, v VARCHAR(5), w INT);
INSERT INTO rule_checks_asked VALUES (1, -1, 'x', 5), (2, NULL, NULL, NULL), (3, 4, '', 50);
