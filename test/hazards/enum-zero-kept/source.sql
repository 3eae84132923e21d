CREATE TABLE enum_zero_kept (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL);
INSERT INTO enum_zero_kept VALUES (1, 'a'), (2, 'zzz'), (3, ''), (4, 'b');
