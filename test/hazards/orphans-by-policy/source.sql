CREATE TABLE orphans_by_policy (id INT PRIMARY KEY, d DATE, UNIQUE KEY d (d));
CREATE TABLE orphans_by_policy_child (id INT PRIMARY KEY, d DATE, CONSTRAINT to_day FOREIGN KEY (d) REFERENCES orphans_by_policy (d));
INSERT INTO orphans_by_policy VALUES (1, '0000-00-00'), (2, '2020-01-01');
INSERT INTO orphans_by_policy_child VALUES (1, '0000-00-00'), (2, '2020-01-01');
