CREATE TABLE rule_type_refused (id INT PRIMARY KEY, v VARCHAR(10), e ENUM('abcd', 'efgh'));
INSERT INTO rule_type_refused VALUES (1, '', 'abcd');
