CREATE TABLE enum_zero_null (id INT PRIMARY KEY, e ENUM('','b') NOT NULL);
INSERT INTO enum_zero_null VALUES (1, ''), (2, 'zzz'), (3, 'b');
