CREATE TABLE rule_uuid_that_is_none (id INT PRIMARY KEY, u CHAR(36), ip VARBINARY(16));
INSERT INTO rule_uuid_that_is_none VALUES (1, '00112233-4455-6677-8899-aabbccddeeff', x'C0A80001'), (2, 'not-a-uuid', x'C0A8'), (3, '', NULL), (4, NULL, '');
