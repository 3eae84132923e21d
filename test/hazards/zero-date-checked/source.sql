-- A zero date is not NULL to the source, and NULL is what a policy makes of it.
CREATE TABLE zero_date_checked (id INT PRIMARY KEY, seen TIMESTAMP NULL, CONSTRAINT zero_date_seen CHECK (seen IS NOT NULL));
INSERT INTO zero_date_checked VALUES (1, '0000-00-00 00:00:00'), (2, '2001-02-03 04:05:06');
