CREATE TABLE foreign_key_to_hashed_key (id INT PRIMARY KEY, e VARCHAR(200) CHARACTER SET ascii NOT NULL, l VARCHAR(200) CHARACTER SET ascii NOT NULL, d INT NOT NULL,
  UNIQUE KEY e (e), UNIQUE KEY l (l), UNIQUE KEY d (d DESC));
CREATE TABLE foreign_key_to_hashed_key_child (id INT PRIMARY KEY, e VARCHAR(200) CHARACTER SET ascii, l VARCHAR(200) CHARACTER SET ascii, d INT,
  CONSTRAINT to_hashed FOREIGN KEY (e) REFERENCES foreign_key_to_hashed_key (e), CONSTRAINT to_left_out FOREIGN KEY (l) REFERENCES foreign_key_to_hashed_key (l), CONSTRAINT to_descending FOREIGN KEY (d) REFERENCES foreign_key_to_hashed_key (d));
INSERT INTO foreign_key_to_hashed_key VALUES (1, 'a', 'b', 3);
INSERT INTO foreign_key_to_hashed_key_child VALUES (1, 'a', 'b', 3), (4, 'A', 'b', 3);
