-- utf8mb4_general_ci has one weight for each character: ß is s, and never ss.
CREATE TABLE collation_sharp_s (id INT PRIMARY KEY, street VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL, UNIQUE KEY street (street));
INSERT INTO collation_sharp_s VALUES (1, 'Hauptstraße'), (2, 'Hauptstrasse'), (3, 'Ring'), (4, 'Weg');
