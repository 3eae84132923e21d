CREATE TABLE engine_merge_2024 (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = MyISAM;
CREATE TABLE engine_merge_2025 (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = MyISAM;
INSERT INTO engine_merge_2024 VALUES (1, 'a'), (2, 'b');
INSERT INTO engine_merge_2025 VALUES (1, 'c');
CREATE TABLE engine_merge (id INT NOT NULL, v VARCHAR(10), PRIMARY KEY (id)) ENGINE = MERGE UNION = (engine_merge_2024, engine_merge_2025);
