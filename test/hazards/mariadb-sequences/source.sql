CREATE SEQUENCE mariadb_sequences_tens START WITH 100 INCREMENT BY 10 MINVALUE 5 MAXVALUE 1000 NOCACHE CYCLE;
CREATE SEQUENCE mariadb_sequences_cached;
CREATE SEQUENCE mariadb_sequences_down START WITH -1 INCREMENT BY -1 NOCACHE;
CREATE SEQUENCE mariadb_sequences_out MAXVALUE 2 NOCACHE;
CREATE SEQUENCE mariadb_sequences_zero INCREMENT BY 0;
SELECT NEXTVAL(mariadb_sequences_cached), NEXTVAL(mariadb_sequences_out);
SELECT NEXTVAL(mariadb_sequences_out);
CREATE TABLE mariadb_sequences (id BIGINT NOT NULL DEFAULT NEXTVAL(mariadb_sequences_tens) PRIMARY KEY,
  t VARCHAR(20) DEFAULT (NEXT VALUE FOR mariadb_sequences_down), n INT);
INSERT INTO mariadb_sequences (n) VALUES (1), (2);
