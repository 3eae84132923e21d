-- The child's spelling differs from its parent's, which the source's collation does not see.
CREATE TABLE collation_icu_foreign_key_parent (code VARCHAR(10) COLLATE utf8mb4_unicode_ci PRIMARY KEY);
INSERT INTO collation_icu_foreign_key_parent VALUES ('Zoë'), ('ABC');
CREATE TABLE collation_icu_foreign_key (id INT PRIMARY KEY, code VARCHAR(10) COLLATE utf8mb4_unicode_ci NULL, KEY code (code),
  CONSTRAINT collation_icu_foreign_key_fk FOREIGN KEY (code) REFERENCES collation_icu_foreign_key_parent (code) ON UPDATE CASCADE);
INSERT INTO collation_icu_foreign_key VALUES (1, 'ZOE'), (2, 'abc'), (3, NULL), (4, 'ABC');
