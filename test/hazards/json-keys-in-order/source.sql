CREATE TABLE json_keys_in_order (id INT PRIMARY KEY, doc JSON);
INSERT INTO json_keys_in_order VALUES (1, '{"bb": 1, "a": 2, "é": 3, "": 4, "A": 5, "😀": 6, "\\"": 7}'), (2, '{"x": "\\u00e9\\ud83d\\ude00\\n\\t\\/\\\\"}');
