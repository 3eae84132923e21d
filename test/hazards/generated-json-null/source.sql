CREATE TABLE generated_json_null (id INT PRIMARY KEY, doc JSON, k VARCHAR(20) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(doc, '$.k'))) VIRTUAL);
INSERT INTO generated_json_null (id, doc) VALUES (1, '{"k": null}'), (2, '{}'), (3, '{"k": "v"}'), (4, '{"k": 1.5}'), (5, NULL);
