-- The source's collation takes these spellings for one, so each child has its parent there.
CREATE TABLE orphans_by_collation_parent (code VARCHAR(10) COLLATE utf8mb4_general_ci PRIMARY KEY);
INSERT INTO orphans_by_collation_parent VALUES ('ABC'), ('straße'), ('end');
CREATE TABLE orphans_by_collation (id INT PRIMARY KEY, code VARCHAR(10) COLLATE utf8mb4_general_ci NULL, KEY code (code),
  CONSTRAINT orphans_by_collation_fk FOREIGN KEY (code) REFERENCES orphans_by_collation_parent (code));
INSERT INTO orphans_by_collation VALUES (1, 'ABC'), (2, 'abc'), (3, NULL), (4, 'STRASE'), (5, 'end '), (6, 'end');
SET SESSION foreign_key_checks = 0;
INSERT INTO orphans_by_collation VALUES (7, 'nobody');
