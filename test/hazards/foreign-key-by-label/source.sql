-- InnoDB compares the numbers: 'z' is 1 here and 'x' there. Only row 3 has the label of its parent.
CREATE TABLE foreign_key_by_label_parent (e ENUM('x','y','z') PRIMARY KEY);
INSERT INTO foreign_key_by_label_parent VALUES ('x'), ('y'), ('z');
CREATE TABLE foreign_key_by_label (id INT PRIMARY KEY, e ENUM('q','x','z') NULL, KEY e (e),
  CONSTRAINT by_label_fk FOREIGN KEY (e) REFERENCES foreign_key_by_label_parent (e));
INSERT INTO foreign_key_by_label VALUES (1, 'q'), (2, 'x'), (3, 'z'), (4, NULL);
