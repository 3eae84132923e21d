CREATE TABLE policy_on_a_key (day DATE NOT NULL, e ENUM('a','b') NOT NULL, v INT, PRIMARY KEY (day, e));
INSERT INTO policy_on_a_key VALUES ('0000-00-00', 'a', 1), ('2024-01-01', '', 2);
