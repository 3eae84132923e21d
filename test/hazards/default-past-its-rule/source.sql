CREATE TABLE default_past_its_rule (id INT PRIMARY KEY, v VARCHAR(100) DEFAULT 'abcdefghijkl', n INT DEFAULT 70000, t TIME DEFAULT '-01:00:00', w VARCHAR(100) DEFAULT 'abcde');
INSERT INTO default_past_its_rule VALUES (1, 'x', 1, '01:00:00', 'y');
