CREATE TABLE no_key_but_nullable_unique (code INT, v VARCHAR(5), UNIQUE KEY (code));
INSERT INTO no_key_but_nullable_unique VALUES (1, 'a'), (NULL, 'b'), (NULL, 'b');
