CREATE TABLE rule_time_of_day_past_midnight (id INT PRIMARY KEY, t TIME(6));
INSERT INTO rule_time_of_day_past_midnight VALUES (1, '-00:00:00.5'), (2, '24:00:00'), (3, '24:00:00.000001'), (4, '23:59:59.999999'), (5, '838:59:59');
