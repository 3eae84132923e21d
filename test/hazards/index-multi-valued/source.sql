CREATE TABLE index_multi_valued (id INT PRIMARY KEY, doc JSON NOT NULL,
  KEY tags ((CAST(doc->'$.tags' AS UNSIGNED ARRAY))), UNIQUE KEY codes ((CAST(doc->'$.codes' AS CHAR(5) ARRAY))));
INSERT INTO index_multi_valued VALUES (1, '{"tags": [7, 9], "codes": ["a", "b"]}'), (2, '{"tags": [9], "codes": ["c"]}'), (3, '{"tags": 7}');
