CREATE TABLE json_null_is_not_null (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_null_is_not_null VALUES (1, NULL), (2, 'null'), (3, '"null"'), (4, '{"a": null}'), (5, '""'), (6, '{}'), (7, '[]');
