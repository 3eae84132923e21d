CREATE TABLE `emoji_everywhere` (id INT PRIMARY KEY, v VARCHAR(30), t LONGTEXT, k VARCHAR(10) COLLATE utf8mb4_unicode_ci, UNIQUE KEY (k));
INSERT INTO emoji_everywhere VALUES (1, '👩🏽‍🚀 é e\u0301', REPEAT('🏳️‍🌈', 50), '😀'), (2, '‮right to left', 'Z̸͑a̷l̶g̵o', 'é'), (3, '﷽ 𝒳 Å', '\U0010FFFF', 'É2');
