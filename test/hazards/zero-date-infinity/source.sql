CREATE TABLE zero_date_infinity (day DATE NOT NULL, n INT NOT NULL, seen DATETIME NOT NULL, PRIMARY KEY (day, n));
INSERT INTO zero_date_infinity VALUES
  ('0000-00-00', 1, '0000-00-00 00:00:00'),
  ('2024-05-01', 2, '2024-05-01 12:00:00');
