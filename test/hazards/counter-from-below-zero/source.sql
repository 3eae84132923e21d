SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
CREATE TABLE counter_from_below_zero (id INT AUTO_INCREMENT PRIMARY KEY, v INT);
INSERT INTO counter_from_below_zero VALUES (-5, 1), (0, 2), (3, 3);
