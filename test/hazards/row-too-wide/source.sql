-- 500 short texts: none of them can be moved out of the row, and together they are wider than a page.
SET SESSION group_concat_max_len = 1000000;
SET @digits = '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';
SET @numbers = CONCAT('(SELECT a.d + 10 * b.d + 100 * c.d AS n FROM ', @digits, ' a, ', @digits, ' b, ', @digits, ' c) numbers');
SET @sql = CONCAT('SELECT GROUP_CONCAT(CONCAT(''c'', n, '' VARCHAR(20) CHARACTER SET ascii'')), GROUP_CONCAT(''REPEAT(''''x'''', 20)'') INTO @columns, @values FROM ', @numbers, ' WHERE n < 500');
PREPARE make FROM @sql;
EXECUTE make;
SET @sql = CONCAT('CREATE TABLE row_too_wide (id INT PRIMARY KEY, ', @columns, ') ENGINE = MyISAM');
PREPARE make FROM @sql;
EXECUTE make;
SET @sql = CONCAT('INSERT INTO row_too_wide VALUES (1, ', @values, ')');
PREPARE make FROM @sql;
EXECUTE make;
DEALLOCATE PREPARE make;
INSERT INTO row_too_wide (id, c0) VALUES (2, 'short');
