CREATE TABLE nul_stripped (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_unicode_ci, note TEXT CHARACTER SET latin1);
INSERT INTO nul_stripped VALUES (1, 'a\0b', 'plain'), (2, '', '\0\0'), (3, NULL, NULL), (4, '\\0', 'é');
