CREATE TABLE mariadb_application_period (id INT, a DATE, b DATE, PERIOD FOR valid (a, b), PRIMARY KEY (id, a, b));
INSERT INTO mariadb_application_period VALUES (1, '2024-01-01', '2024-02-01'), (1, '2024-02-01', '2024-03-01');
