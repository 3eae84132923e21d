CREATE TABLE index_entry_of_decimals (id INT PRIMARY KEY, a VARCHAR(2648) CHARACTER SET ascii, b DECIMAL(65,0), c DECIMAL(65,0), KEY k (a(2648), b, c)) ENGINE = InnoDB /*!50600 ROW_FORMAT = DYNAMIC */;
SET @hex = '';
SET @hex = CONCAT(@hex, SHA2('1', 512), SHA2('2', 512), SHA2('3', 512), SHA2('4', 512), SHA2('5', 512), SHA2('6', 512), SHA2('7', 512));
SET @hex = CONCAT(@hex, SHA2('11', 512), SHA2('12', 512), SHA2('13', 512), SHA2('14', 512), SHA2('15', 512), SHA2('16', 512), SHA2('17', 512));
SET @hex = CONCAT(@hex, SHA2('21', 512), SHA2('22', 512), SHA2('23', 512), SHA2('24', 512), SHA2('25', 512), SHA2('26', 512), SHA2('27', 512));
INSERT INTO index_entry_of_decimals VALUES (1, LEFT(@hex, 2620), REPEAT('9', 65), REPEAT('9', 65)), (2, 'x', 1, 1);
