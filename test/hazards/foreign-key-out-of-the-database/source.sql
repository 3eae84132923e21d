CREATE TABLE foreign_key_out_of_the_database_parent (id INT PRIMARY KEY);
INSERT INTO foreign_key_out_of_the_database_parent VALUES (1);
CREATE TABLE foreign_key_out_of_the_database (id INT PRIMARY KEY, parent INT, CONSTRAINT fk_out FOREIGN KEY (parent) REFERENCES foreign_key_out_of_the_database_parent (id));
INSERT INTO foreign_key_out_of_the_database VALUES (1, 1);
