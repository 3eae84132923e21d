CREATE TABLE length_in_characters (id INT PRIMARY KEY, v VARCHAR(4), c CHAR(3), w VARCHAR(500));
INSERT INTO length_in_characters VALUES (1, '😀😀😀😀', '€€€', REPEAT('é', 500)), (2, 'abcd', 'a', REPEAT('😀', 500));
