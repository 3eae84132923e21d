CREATE TABLE negative_zero (id INT PRIMARY KEY, d DOUBLE, f FLOAT, n DECIMAL(5,2));
INSERT INTO negative_zero VALUES (1, -0e0, -0e0, -0.00), (2, 0, 0, 0);
