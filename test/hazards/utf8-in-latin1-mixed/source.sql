-- Row 2 was written as latin1, the others as UTF-8 through a latin1 connection.
CREATE TABLE utf8_in_latin1_mixed (id INT PRIMARY KEY, v VARCHAR(40) CHARACTER SET latin1);
INSERT INTO utf8_in_latin1_mixed VALUES (1, _latin1 x'C3A9'), (2, _latin1 x'636166E9'), (3, 'plain'), (4, NULL);
