CREATE TABLE engine_blackhole (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = BLACKHOLE;
INSERT INTO engine_blackhole VALUES (1, 'a'), (2, 'b');
