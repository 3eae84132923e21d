CREATE TABLE nul_in_the_schema (id INT PRIMARY KEY COMMENT 'x\0y', v VARCHAR(10) DEFAULT 'a\0b', KEY k (v) COMMENT 'p\0q') COMMENT 'c\0d';
INSERT INTO nul_in_the_schema VALUES (1, 'x');
