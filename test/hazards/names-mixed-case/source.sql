CREATE TABLE Names_Mixed_Case (Id INT PRIMARY KEY, `Value` INT);
INSERT INTO Names_Mixed_Case VALUES (1, 2);
