CREATE TABLE zero_date_refused (id INT PRIMARY KEY, born DATE NOT NULL);
INSERT INTO zero_date_refused VALUES (7, '0000-00-00');
