CREATE TABLE rule_sql_refused (id INT PRIMARY KEY, d INT);
CREATE TABLE rule_sql_refused_check (id INT PRIMARY KEY, c INT);
CREATE TABLE rule_sql_refused_neither (id INT PRIMARY KEY, n INT);
INSERT INTO rule_sql_refused_neither VALUES (1, 2);
