CREATE TABLE enum_native (id INT PRIMARY KEY, size ENUM('small','medium','large','it''s big') DEFAULT 'medium');
INSERT INTO enum_native VALUES (1, 'large'), (2, 'small'), (3, NULL), (4, 'it''s big');
