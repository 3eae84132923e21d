CREATE TABLE enum_emoji_label (id INT PRIMARY KEY, e ENUM('a','😀'), s SET('x','🍺'));
INSERT INTO enum_emoji_label VALUES (1, 'a', 'x'), (2, '😀', 'x,🍺'), (3, NULL, '');
