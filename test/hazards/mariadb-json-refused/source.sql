CREATE TABLE mariadb_json_refused (id INT PRIMARY KEY, doc JSON, beyond JSON, far JSON, broken JSON);
INSERT INTO mariadb_json_refused VALUES
  (1, '{"a": 1, "b": {"k": [1, {"x": "}"}], "k": 2}}', '[1e400]', '[1e200000]', '["\\ud83d\\ude00", "\\\\ud800"]'),
  (2, '{"a": {"k": 1}, "b": {"k": 1}, "c": ",\\"k\\":1,\\"k\\":2"}', '[1.5e300, "1e400"]', '["1e200000"]', NULL),
  (3, '{"a": 1, "A": 2, "aa": 3}', '[-2E+0999]', '[1e0005]', '[]'),
  (4, NULL, NULL, NULL, NULL),
  (5, '[{"k": 1}, {"k": 1}]', '[1]', '[1]', '[1]'),
  (8, '{"k": "{", "l": [{"k": 2, "k": 3}]}', NULL, NULL, NULL),
  (9, ' {"k": 1, "l": [], "k": 1}', NULL, NULL, NULL),
  (10, '[[{"k": 1, "k": 1}]]', NULL, NULL, NULL),
  (11, '{"k": 1, "l": "k\\":1"}', NULL, NULL, NULL);
-- The CHECK of MariaDB's JSON can be set aside: half a surrogate pair, and no JSON at all.
SET SESSION check_constraint_checks = 0;
INSERT INTO mariadb_json_refused VALUES (6, NULL, NULL, NULL, '["\\ud800"]'), (7, NULL, NULL, NULL, 'plain text');
