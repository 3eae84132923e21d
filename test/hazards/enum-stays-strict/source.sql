CREATE TABLE enum_stays_strict (id INT PRIMARY KEY, e ENUM('Yes','No'));
INSERT INTO enum_stays_strict VALUES (1, 'YES'), (2, 'no');
