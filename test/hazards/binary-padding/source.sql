CREATE TABLE binary_padding (id INT PRIMARY KEY, b BINARY(4), v VARBINARY(4));
INSERT INTO binary_padding VALUES (1, 'ab', 'ab'), (2, x'61620000', x'61620000'), (3, '', ''), (4, x'20202020', x'20'), (5, NULL, NULL);
