CREATE TABLE index_invisible (id INT PRIMARY KEY, a INT, KEY unused (a) /*!80000 INVISIBLE */ /*M!100600 IGNORED */);
INSERT INTO index_invisible VALUES (1, 1);
