CREATE TABLE primary_key_descending (a INT, b INT, PRIMARY KEY (a DESC, b));
INSERT INTO primary_key_descending VALUES (1, 1), (2, 1), (-5, 9);
