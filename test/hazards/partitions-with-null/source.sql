CREATE TABLE partitions_with_null (id INT, kind INT) PARTITION BY LIST (kind)
  (PARTITION p_none VALUES IN (NULL, 0), PARTITION p_some VALUES IN (1, 2, 3));
INSERT INTO partitions_with_null VALUES (1, NULL), (2, 0), (3, 3), (3, 3);
