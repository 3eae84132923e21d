CREATE TABLE enum_labels_nasty (id INT PRIMARY KEY,
  e ENUM('a,b', 'it''s', 'back\\slash', 'new\nline', '"', ')', '%_', ' lead', 'trail  ', 'é', '$1') NOT NULL DEFAULT 'a,b');
INSERT INTO enum_labels_nasty VALUES (1, 'a,b'), (2, 'it''s'), (3, 'back\\slash'), (4, 'new\nline'), (5, '"'), (6, ')'), (7, '%_'), (8, ' lead'), (9, 'trail'), (10, 'é'), (11, '$1');
