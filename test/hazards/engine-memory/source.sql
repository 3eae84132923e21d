CREATE TABLE engine_memory (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = MEMORY;
INSERT INTO engine_memory VALUES (1, 'a'), (2, 'b');
