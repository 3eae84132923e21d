SET SESSION foreign_key_checks = 0;
CREATE TABLE orphans_kept_parent (a INT NOT NULL, b VARCHAR(10) NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE orphans_kept (id INT PRIMARY KEY, a INT NULL, b VARCHAR(10) NULL, up INT NULL, KEY ab (a, b), KEY up (up),
  CONSTRAINT orphans_kept_ab FOREIGN KEY (a, b) REFERENCES orphans_kept_parent (a, b),
  CONSTRAINT orphans_kept_up FOREIGN KEY (up) REFERENCES orphans_kept (id));
INSERT INTO orphans_kept_parent VALUES (1, 'x'), (2, 'y');
INSERT INTO orphans_kept VALUES (1, 1, 'x', NULL), (2, 1, 'y', 1), (3, NULL, 'nobody', 99), (4, 9, NULL, 4), (5, 9, 'z', NULL), (6, NULL, NULL, 98);
