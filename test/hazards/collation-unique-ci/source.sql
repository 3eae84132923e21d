-- One value of each pair: the source would refuse the other.
CREATE TABLE collation_unique_ci (id INT PRIMARY KEY, mail VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL, tenant INT NOT NULL, code VARCHAR(10) COLLATE utf8mb4_unicode_ci NULL,
  UNIQUE KEY mail (mail), UNIQUE KEY tenant_code (tenant, code));
INSERT INTO collation_unique_ci VALUES (1, 'Zoë@example.org', 1, 'Ab'), (2, 'max@example.org', 2, 'AB'), (3, 'eva@example.org', 2, NULL), (4, 'ute@example.org', 2, NULL);
