CREATE TABLE bigint_unsigned_declared_bigint (id INT PRIMARY KEY, n BIGINT UNSIGNED NOT NULL);
INSERT INTO bigint_unsigned_declared_bigint VALUES (1, 0), (2, 9223372036854775807);
