CREATE TABLE mariadb_json_huge_number (id INT PRIMARY KEY, doc JSON);
INSERT INTO mariadb_json_huge_number VALUES (1, '[1e200000]'), (2, '["1e200000", 1e5]');
