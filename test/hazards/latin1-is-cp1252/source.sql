CREATE TABLE latin1_is_cp1252 (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET latin1);
INSERT INTO latin1_is_cp1252 VALUES (1, _latin1 x'80'), (2, _latin1 x'818D8F909D'), (3, _latin1 x'E9'), (4, _latin1 x'9F99'), (5, 'plain');
