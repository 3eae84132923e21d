CREATE TABLE tinyint_1_counter (id TINYINT(1) AUTO_INCREMENT PRIMARY KEY, v INT);
INSERT INTO tinyint_1_counter VALUES (1, 10), (2, 20), (100, 30);
CREATE TABLE tinyint_1_counter_child (id INT PRIMARY KEY, parent TINYINT(1) NOT NULL, FOREIGN KEY (parent) REFERENCES tinyint_1_counter (id));
INSERT INTO tinyint_1_counter_child VALUES (1, 1), (2, 100);
