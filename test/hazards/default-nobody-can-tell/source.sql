CREATE TABLE default_nobody_can_tell (a VARCHAR(10) NOT NULL DEFAULT 'é😀', b INT);
