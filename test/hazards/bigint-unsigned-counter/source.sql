CREATE TABLE bigint_unsigned_counter (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, parent BIGINT UNSIGNED,
  FOREIGN KEY (parent) REFERENCES bigint_unsigned_counter (id));
INSERT INTO bigint_unsigned_counter VALUES (1, NULL), (9223372036854775000, 1);
