CREATE TABLE json_nul_kept_as_json (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_nul_kept_as_json VALUES (1, '{"a": "x\\u0000y"}'), (2, '[1, 2]');
