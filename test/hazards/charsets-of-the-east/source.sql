CREATE TABLE charsets_of_the_east (id INT PRIMARY KEY, g VARCHAR(10) CHARACTER SET gbk, b VARCHAR(10) CHARACTER SET big5,
  s VARCHAR(10) CHARACTER SET sjis, e VARCHAR(10) CHARACTER SET ujis, k VARCHAR(10) CHARACTER SET euckr, p VARCHAR(10) CHARACTER SET cp932);
INSERT INTO charsets_of_the_east VALUES (1, '中文', '中文', '日本語', '日本語', '한국어', '日本語'), (2, '表\\', '功\\', '表\\', 'ソ', 'ㄱ', 'ソ能①'), (3, NULL, '', 'ｱ', 'ｱ', 'a', 'ｱ');
