CREATE TABLE comments_with_quotes (id INT PRIMARY KEY COMMENT 'it''s "id" $$ \\ é😀', v INT COMMENT '''; drop table x; --') COMMENT 'a table''s \\ $body$ comment';
INSERT INTO comments_with_quotes VALUES (1, 1);
