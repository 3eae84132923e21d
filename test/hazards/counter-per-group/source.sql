CREATE TABLE counter_per_group (grp CHAR(1) NOT NULL, id INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (grp, id)) ENGINE = MyISAM;
INSERT INTO counter_per_group (grp) VALUES ('a'), ('a'), ('b');
