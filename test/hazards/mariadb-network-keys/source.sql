CREATE TABLE mariadb_network_keys (v6 INET6, v4 INET4, u UUID, n INT, PRIMARY KEY (v6, u), UNIQUE KEY (u, v4));
INSERT INTO mariadb_network_keys SELECT INET6_NTOA(UNHEX(CONCAT('20010DB8', LPAD(HEX(seq * 7919), 24, '0')))), INET_NTOA(3232235520 + seq), UNHEX(MD5(seq)), seq FROM seq_1_to_450;
INSERT INTO mariadb_network_keys VALUES ('::', '0.0.0.0', '00000000-0000-0000-0000-000000000000', -1), ('::ffff:1.2.3.4', '255.255.255.255', 'ffffffff-ffff-ffff-ffff-ffffffffffff', -2);
