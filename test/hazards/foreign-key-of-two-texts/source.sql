-- Both columns were latin1 once; with foreign_key_checks off the child's could be given another character set.
CREATE TABLE foreign_key_of_two_texts_parent (t VARCHAR(10) CHARACTER SET latin1 PRIMARY KEY);
INSERT INTO foreign_key_of_two_texts_parent VALUES ('a'), ('é');
CREATE TABLE foreign_key_of_two_texts (id INT PRIMARY KEY, t VARCHAR(10) CHARACTER SET latin1 NULL, KEY t (t),
  CONSTRAINT two_texts_fk FOREIGN KEY (t) REFERENCES foreign_key_of_two_texts_parent (t));
INSERT INTO foreign_key_of_two_texts VALUES (1, 'a'), (2, 'é'), (3, NULL), (4, 'É');
SET SESSION foreign_key_checks = 0;
ALTER TABLE foreign_key_of_two_texts MODIFY t VARCHAR(10) CHARACTER SET utf8mb4 NULL;
