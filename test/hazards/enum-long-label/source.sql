CREATE TABLE enum_long_label (id INT PRIMARY KEY,
  e ENUM('a label of more than sixty-three bytes, which no enum type of PostgreSQL takes', 'ééééééééééééééééééééééééééééééééé'));
INSERT INTO enum_long_label VALUES (1, 1), (2, 2);
