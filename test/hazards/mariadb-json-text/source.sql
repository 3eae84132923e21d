CREATE TABLE mariadb_json_text (id INT PRIMARY KEY, doc JSON, kept JSON, plain LONGTEXT);
INSERT INTO mariadb_json_text VALUES (1, '{ "b" : 1,\n "a":1.0 }', '{ "b" : 1,\n "a":1.0 }', '{ "b" : 1 }'), (2, '["\\u00e9", "\\/"]', '["\\u00e9", "\\/"]', NULL);
