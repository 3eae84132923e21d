CREATE TABLE bigint_unsigned_counter_past_signed (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v INT);
INSERT INTO bigint_unsigned_counter_past_signed VALUES (1, 1), (9223372036854775808, 2);
