-- 0x81 is no character of cp1250; the source itself converts it to a question mark, without a word.
CREATE TABLE charset_unmapped (id INT PRIMARY KEY, v VARCHAR(10) CHARACTER SET cp1250, w VARCHAR(10) CHARACTER SET ascii, g VARCHAR(10) CHARACTER SET cp1250);
INSERT INTO charset_unmapped VALUES (1, x'8141', 'plain?', x'8a'), (2, 'why?', 'x', '??'), (3, NULL, NULL, NULL);
