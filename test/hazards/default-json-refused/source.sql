CREATE TABLE default_json_refused (id INT PRIMARY KEY, half JSON DEFAULT ('"\\ud800"'), twice JSON DEFAULT ('{"a": 1, "a": 2}'), good JSON DEFAULT ('{"a": 1e3}'));
INSERT INTO default_json_refused VALUES (1, '1', '2', '3');
