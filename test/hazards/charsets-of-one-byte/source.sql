CREATE TABLE charsets_of_one_byte (id INT PRIMARY KEY, c VARCHAR(10) CHARACTER SET cp1251, k VARCHAR(10) CHARACTER SET koi8r,
  g VARCHAR(10) CHARACTER SET greek, h VARCHAR(10) CHARACTER SET hebrew, t VARCHAR(10) CHARACTER SET latin5, p VARCHAR(10) CHARACTER SET cp850,
  m VARCHAR(10) CHARACTER SET macroman, l VARCHAR(10) CHARACTER SET latin2, a VARCHAR(10) CHARACTER SET ascii);
INSERT INTO charsets_of_one_byte VALUES (1, 'Привет', 'Привет', 'Ωμέγα', 'שלום', 'İğş', '½éß', 'é∞', 'Łódź', 'plain'), (2, '№', '─', 'ά', 'א', 'ı', '░', 'Ω', 'ž', '~');
