CREATE TABLE copy_escapes (id INT PRIMARY KEY, t TEXT);
INSERT INTO copy_escapes VALUES
  (1, '\\.'), (2, '\t'), (3, '\n'), (4, '\r\n'), (5, '\\'), (6, '\\\\N'), (7, 'a\tb\\nc'), (8, '\b\Z'), (9, '"quoted", ''single'''), (10, '$$ $1 %s {0} ;--');
