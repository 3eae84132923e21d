CREATE TABLE json_key_twice_when_stripped (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_key_twice_when_stripped VALUES (1, '{"a": 1, "a\\u0000": 2}'), (2, '{"x": [{"b": 1, "\\u0000b": 2}]}'), (3, '{"q\\u0000": 1}'), (4, '{"a\\\\u0000": 1, "a\\\\": 2}'), (5, '{"a": 1}');
