CREATE TABLE counter_past_its_rows (id INT AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 5000;
INSERT INTO counter_past_its_rows VALUES (1, 1), (17, 2);
