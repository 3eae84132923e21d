CREATE TABLE nul_to_bytea (id INT PRIMARY KEY, v VARCHAR(10), other VARCHAR(10));
INSERT INTO nul_to_bytea VALUES (1, 'a\0b', 'x'), (2, 'é', 'é'), (3, NULL, NULL);
