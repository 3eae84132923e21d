CREATE TABLE json_nul (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_nul VALUES (1, '{"a": "x\\u0000y"}'), (2, '{"a": "\\\\u0000"}'), (3, '{"\\u0000": 1}'), (4, NULL);
