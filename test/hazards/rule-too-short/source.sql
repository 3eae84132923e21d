CREATE TABLE rule_too_short (id INT PRIMARY KEY, v VARCHAR(20), n INT);
INSERT INTO rule_too_short VALUES (1, 'éééééé', 40000), (2, 'ééééé', 32767), (3, NULL, -40000);
