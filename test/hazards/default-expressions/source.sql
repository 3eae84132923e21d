CREATE TABLE default_expressions (id INT PRIMARY KEY, u VARCHAR(36) DEFAULT (UUID()), n INT DEFAULT (1), t TEXT DEFAULT ('long'), day DATE DEFAULT (CURRENT_DATE), j JSON DEFAULT (JSON_ARRAY()));
INSERT INTO default_expressions VALUES (1, 'x', 2, 'y', '2024-01-01', '{}');
