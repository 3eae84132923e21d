CREATE TABLE unique_prefix (id INT PRIMARY KEY, name VARCHAR(100) COLLATE utf8mb4_bin, raw VARBINARY(100), UNIQUE KEY (name(4)), UNIQUE KEY (raw(3)));
INSERT INTO unique_prefix VALUES (1, 'abcd-1', x'01020304'), (2, 'abce-1', x'01020404'), (3, NULL, NULL), (4, NULL, NULL);
