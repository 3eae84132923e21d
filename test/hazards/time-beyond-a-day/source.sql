CREATE TABLE time_beyond_a_day (id INT PRIMARY KEY, t TIME(6), s TIME);
INSERT INTO time_beyond_a_day VALUES
  (1, '838:59:59.000000', '24:00:00'), (2, '-838:59:59', '-00:00:01'), (3, '-00:00:00.500000', '00:00:00'), (4, '23:59:59.999999', NULL);
