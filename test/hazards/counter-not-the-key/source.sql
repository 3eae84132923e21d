CREATE TABLE counter_not_the_key (code VARCHAR(10) PRIMARY KEY, n MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT, KEY (n));
INSERT INTO counter_not_the_key VALUES ('b', 1), ('a', 7);
