-- Unique under the source's bytes; made equal by what headgate.yaml declares.
CREATE TABLE unique_made_equal_nul (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_bin NOT NULL, UNIQUE KEY name (name));
INSERT INTO unique_made_equal_nul VALUES (1, 'a\0b'), (2, 'ab'), (3, 'a\0\0b'), (4, 'c\0'), (5, 'd'), (6, 'e');
CREATE TABLE unique_made_equal_date (id INT PRIMARY KEY, at DATE NULL, room INT NOT NULL, UNIQUE KEY at_room (room, at));
INSERT INTO unique_made_equal_date VALUES (1, '0000-00-00', 7), (2, '2024-00-00', 7), (3, '2024-00-00', 8), (4, NULL, 7), (5, NULL, 7), (6, '2024-01-01', 7);
CREATE TABLE unique_made_equal_enum (id INT PRIMARY KEY, e ENUM('', 'a') NULL, UNIQUE KEY e (e));
INSERT INTO unique_made_equal_enum VALUES (1, ''), (2, 0), (3, 'a');
CREATE TABLE unique_made_equal_uuid (id INT PRIMARY KEY, u CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, UNIQUE KEY u (u));
INSERT INTO unique_made_equal_uuid VALUES (1, '00112233-4455-6677-8899-aabbccddeeff'), (2, '00112233-4455-6677-8899-AABBCCDDEEFF');
