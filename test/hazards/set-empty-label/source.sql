-- 0 and 1 are both printed as '', 2 and 3 both as x.
CREATE TABLE set_empty_label (id INT PRIMARY KEY, s SET('', 'x', 'y') NULL);
INSERT INTO set_empty_label VALUES (1, 0), (2, 1), (3, 2), (4, 3), (5, 7), (6, NULL);
CREATE TABLE set_empty_label_key (s SET('', 'x') PRIMARY KEY);
INSERT INTO set_empty_label_key VALUES (0), (1), (2), (3);
