CREATE TABLE Names_Lower (Id INT PRIMARY KEY, CamelCase INT, ÄÖ INT, KEY MyIndex (CamelCase));
INSERT INTO Names_Lower VALUES (1, 2, 3);
