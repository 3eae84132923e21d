-- Dates that never were, as non-strict sessions and imports leave them.
CREATE TABLE zero_date_null (id INT PRIMARY KEY, born DATE NULL, seen DATETIME(3) NOT NULL, at TIMESTAMP NULL);
INSERT INTO zero_date_null VALUES
  (1, '0000-00-00', '2024-02-29 23:59:59.999', '2000-01-01 00:00:00'),
  (2, '2024-00-10', '2023-01-00 00:00:00', '0000-00-00 00:00:00'),
  (3, '2024-10-00', '2024-01-01 00:00:00', NULL),
  (4, '0000-01-01', '9999-12-31 00:00:00', '2038-01-19 03:14:07'),
  (5, '1000-01-01', '1900-02-28 00:00:00', NULL);
