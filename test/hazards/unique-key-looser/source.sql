-- To the old collations every character past U+FFFF is the same one, and ß is s to general_ci.
CREATE TABLE unique_key_looser (id INT PRIMARY KEY, mood VARCHAR(20) COLLATE utf8mb4_unicode_ci NOT NULL, street VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL,
  latin VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL, UNIQUE KEY mood (mood), UNIQUE KEY street (street), UNIQUE KEY latin (id, latin));
INSERT INTO unique_key_looser VALUES (1, 'fine 😀', 'Weg', 'Weg'), (2, 'fine', 'Gaße', 'Gaße'), (3, 'straße', 'Ring é', 'é'), (4, 'é', 'Allee 😀', 'ss');
