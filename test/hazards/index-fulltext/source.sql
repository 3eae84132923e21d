CREATE TABLE index_fulltext (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY words (t));
INSERT INTO index_fulltext VALUES (1, 'some words');
