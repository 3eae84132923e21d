CREATE TABLE blob_that_looks_like_text (id INT PRIMARY KEY, b BLOB, v VARBINARY(20), j BLOB);
INSERT INTO blob_that_looks_like_text VALUES (1, '\\x4142', '\\\\', '{"a": 1}'), (2, 'NULL', '\\N', 'null'), (3, x'c328', x'ff', x'00');
