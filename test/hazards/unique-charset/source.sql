-- cp932 has three codes for U+FFE2: the standard's own, NEC's and IBM's.
CREATE TABLE unique_charset (id INT PRIMARY KEY, v VARCHAR(10) CHARACTER SET cp932 COLLATE cp932_bin NOT NULL, UNIQUE KEY v (v));
INSERT INTO unique_charset VALUES (1, x'81ca'), (2, x'eef9'), (3, x'fa54'), (4, 'a');
