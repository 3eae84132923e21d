CREATE TABLE charsets_of_unicode (id INT PRIMARY KEY, u2 VARCHAR(10) CHARACTER SET ucs2, u16 VARCHAR(10) CHARACTER SET utf16,
  le VARCHAR(10) CHARACTER SET utf16le, u32 VARCHAR(10) CHARACTER SET utf32, u3 VARCHAR(10) CHARACTER SET utf8, u4 VARCHAR(10));
INSERT INTO charsets_of_unicode VALUES (1, 'aé€', '😀é', '😀é', '😀é', '€é', '👨‍👩‍👧'), (2, '', 'Ā', 'Ā', 'Ā', 'Ā', 'é');
