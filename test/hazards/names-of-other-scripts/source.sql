CREATE TABLE `names_of_other_scripts_注文明細テーブル_заказы_клиентов` (`キー` INT PRIMARY KEY, `имя` INT, `größe` INT, `お客様の注文明細および配送先住所の履歴` INT);
INSERT INTO `names_of_other_scripts_注文明細テーブル_заказы_клиентов` VALUES (1, 2, 3, 4);
