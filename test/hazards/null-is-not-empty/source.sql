CREATE TABLE null_is_not_empty (id INT PRIMARY KEY, v VARCHAR(10), t TEXT, b VARBINARY(10), bl BLOB, n VARCHAR(10));
INSERT INTO null_is_not_empty VALUES (1, NULL, NULL, NULL, NULL, 'NULL'), (2, '', '', '', '', ''), (3, '\\N', '\\N', '\\N', '\\N', '\\N');
