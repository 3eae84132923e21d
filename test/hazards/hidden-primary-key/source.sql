SET SESSION sql_generate_invisible_primary_key = ON;
CREATE TABLE hidden_primary_key (v VARCHAR(10));
SET SESSION sql_generate_invisible_primary_key = OFF;
INSERT INTO hidden_primary_key VALUES ('a'), ('a'), ('b');
