CREATE TABLE json_deep (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_deep VALUES (1, CONCAT(REPEAT('[', 90), REPEAT(']', 90))), (2, CONCAT(REPEAT('{"a":', 30), 'null', REPEAT('}', 30)));
