CREATE TABLE key_in_its_own_order (a INT, b VARCHAR(10), c INT, PRIMARY KEY (c, a), KEY same (b), KEY same_again (b));
INSERT INTO key_in_its_own_order VALUES (1, 'x', 2), (2, 'y', 1);
