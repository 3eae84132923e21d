CREATE TABLE mariadb_uuid_inet (id UUID PRIMARY KEY, v4 INET4, v6 INET6);
INSERT INTO mariadb_uuid_inet VALUES
  ('6CCD780C-BABA-1026-9564-5B8C656024DB', '192.168.0.1', '::1'),
  ('00000000-0000-0000-0000-000000000000', '0.0.0.0', '::ffff:1.2.3.4'),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', NULL, '2001:db8::ff00:42:8329');
