CREATE TABLE partitions_by_key (id INT PRIMARY KEY, v VARCHAR(10)) PARTITION BY LINEAR KEY (id) PARTITIONS 5;
INSERT INTO partitions_by_key VALUES (1, 'a'), (2, 'b'), (-3, 'c');
