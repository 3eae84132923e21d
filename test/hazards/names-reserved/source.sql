CREATE TABLE `order` (`user` INT PRIMARY KEY, `table` VARCHAR(5), `group` INT, `end` INT, UNIQUE KEY `primary_` (`group`));
INSERT INTO `order` VALUES (1, 'x', 2, 3);
