CREATE TABLE label_with_nul (id INT PRIMARY KEY, e ENUM('a\0b', 'c'), f ENUM('a\0b', 'c', ''), s SET('x', 'a\0b'));
INSERT INTO label_with_nul VALUES (1, 1, 2, 'x'), (2, 'c', 1, 'x'), (3, 'c', 'c', 3), (4, NULL, NULL, NULL);
