CREATE TABLE half_surrogate_pairs (id INT PRIMARY KEY, a VARCHAR(10) CHARACTER SET utf8, b TEXT CHARACTER SET utf8mb4);
SET NAMES binary;
INSERT INTO half_surrogate_pairs VALUES (1, x'EDA080', x'61'), (2, x'ED95A0', x'ED9FBF'), (3, x'61EDBFBF', x'61EDB08061'), (4, x'EFBFBF', x'F09F8DBA');
SET NAMES utf8mb4;
