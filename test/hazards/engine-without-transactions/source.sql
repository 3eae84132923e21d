CREATE TABLE engine_without_transactions (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = MyISAM;
INSERT INTO engine_without_transactions VALUES (1, 'a'), (2, 'b');
CREATE TABLE engine_without_transactions_csv (id INT NOT NULL, v VARCHAR(10) NOT NULL) ENGINE = CSV;
INSERT INTO engine_without_transactions_csv VALUES (1, 'a,"b"'), (1, 'a,"b"');
