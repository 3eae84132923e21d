-- Numbers of two bytes beside such of eight: each of the small ones takes eight as well. No value of either moves out of a row.
SET SESSION group_concat_max_len = 1000000;
SET @digits = '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';
SET @numbers = CONCAT('(SELECT a.d + 10 * b.d + 100 * c.d AS n FROM ', @digits, ' a, ', @digits, ' b, ', @digits, ' c) numbers');
SET @sql = CONCAT('SELECT GROUP_CONCAT(CONCAT(''s'', n, '' SMALLINT NOT NULL DEFAULT 1, b'', n, '' BIGINT NOT NULL DEFAULT 2'')), GROUP_CONCAT(CONCAT(''b'', n, '' BIGINT'')) INTO @columns, @others FROM ', @numbers, ' WHERE n < 550');
PREPARE make FROM @sql;
EXECUTE make;
SET @sql = CONCAT('CREATE TABLE row_too_wide_by_gaps (id INT PRIMARY KEY, ', @columns, ') ENGINE = MyISAM');
PREPARE make FROM @sql;
EXECUTE make;
INSERT INTO row_too_wide_by_gaps (id) VALUES (1);
