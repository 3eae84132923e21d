CREATE TABLE rule_check_of_the_target (id INT PRIMARY KEY, w INT);
INSERT INTO rule_check_of_the_target VALUES (1, 5), (2, -5), (3, NULL);
