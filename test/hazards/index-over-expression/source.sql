CREATE TABLE index_over_expression (id INT PRIMARY KEY, n INT, u INT UNSIGNED, b BIGINT, d DATE, a VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, c VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci, long_text VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, at TIMESTAMP NULL,
  KEY sums ((n + u)), KEY mixed (n, (b * 2) DESC), KEY years ((YEAR(d))), KEY joined ((CONCAT(a, '-', c))),
  UNIQUE KEY sum_once ((n + b)), UNIQUE KEY flags_once ((n > 5), id), UNIQUE KEY bin_once ((CONCAT(a, 'x'))),
  UNIQUE KEY ci_once ((CONCAT(c, 'x'))), KEY of_text ((a + 0)), KEY of_session ((YEAR(at))));
INSERT INTO index_over_expression VALUES (1, 2147483647, 4294967295, 1, '2024-02-29', 'a', 'a', 'x', '2024-01-01 00:00:00'), (2, -5, 7, 9, '1999-12-31', 'A', 'b', 'y', NULL), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
