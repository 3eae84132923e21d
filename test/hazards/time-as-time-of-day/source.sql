CREATE TABLE time_as_time_of_day (id INT PRIMARY KEY, opens TIME, at TIME(6));
INSERT INTO time_as_time_of_day VALUES (1, '00:00:00', '23:59:59.999999'), (2, '24:00:00', '24:00:00'), (3, NULL, '12:30:00.5');
