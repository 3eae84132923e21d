CREATE TABLE year_of_two_digits (id INT PRIMARY KEY, y YEAR(2));
INSERT INTO year_of_two_digits VALUES (1, 2005), (2, 1999), (3, NULL);
