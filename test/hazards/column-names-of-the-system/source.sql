CREATE TABLE column_names_of_the_system (id INT PRIMARY KEY, ctid INT, xmin VARCHAR(5), tableoid DATE, oid INT);
INSERT INTO column_names_of_the_system VALUES (1, 2, 'x', '2024-01-01', 3);
