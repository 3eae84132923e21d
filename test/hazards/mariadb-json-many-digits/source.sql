CREATE TABLE mariadb_json_many_digits (id INT PRIMARY KEY, doc JSON);
INSERT INTO mariadb_json_many_digits VALUES (1, CONCAT('[0.', REPEAT('0', 20000), '1]')), (2, CONCAT('[1', REPEAT('0', 140000), ']')), (3, CONCAT('{"a": 0.', REPEAT('0', 10000), '1e-9000}')),
  (4, CONCAT('[1', REPEAT('0', 100000), ', 0.', REPEAT('0', 16000), '1]')), (5, CONCAT('["', REPEAT('1', 140000), '"]'));
