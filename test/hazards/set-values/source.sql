CREATE TABLE set_values (id INT PRIMARY KEY, s SET('c','a','b','it''s','back\\','"q"') NOT NULL DEFAULT 'a', n SET('x'));
INSERT INTO set_values VALUES (1, 'b,a,c', 'x'), (2, '', ''), (3, 'it''s', NULL), (4, 'back\\,"q"', 'x');
