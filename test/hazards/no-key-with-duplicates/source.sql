CREATE TABLE no_key_with_duplicates (a VARCHAR(10), b INT, t TEXT);
INSERT INTO no_key_with_duplicates VALUES ('x', 1, 'same'), ('x', 1, 'same'), ('x', 1, 'same'), (NULL, NULL, NULL), (NULL, NULL, NULL), ('', 0, '');
