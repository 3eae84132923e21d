CREATE TABLE `names_with "everything"; drop table x; --` (`id` INT PRIMARY KEY, `a "b" c` INT, `semi;colon` INT, `back``tick` INT, `percent%s` INT, `$1` INT, `ünïcödé` INT, `select` INT,
  KEY `i"dx` (`a "b" c`));
INSERT INTO `names_with "everything"; drop table x; --` VALUES (1, 2, 3, 4, 5, 6, 7, 8);
