CREATE TABLE foreign_key_actions_parent (a INT, b VARCHAR(10) COLLATE utf8mb4_bin, PRIMARY KEY (b, a), UNIQUE KEY (a, b));
INSERT INTO foreign_key_actions_parent VALUES (1, 'x'), (2, 'y'), (3, 'z');
CREATE TABLE foreign_key_actions (id INT PRIMARY KEY, a INT, b VARCHAR(10) COLLATE utf8mb4_bin, self INT,
  CONSTRAINT foreign_key_actions_1 FOREIGN KEY (a, b) REFERENCES foreign_key_actions_parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL,
  CONSTRAINT foreign_key_actions_2 FOREIGN KEY (self) REFERENCES foreign_key_actions (id) ON DELETE SET NULL ON UPDATE NO ACTION);
SET SESSION foreign_key_checks = 0;
INSERT INTO foreign_key_actions VALUES (1, 1, 'x', 2), (2, 2, 'y', 1), (3, 3, NULL, 3), (4, 3, 'z', NULL);
