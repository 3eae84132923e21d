/** Which keys a CREATE TABLE of MariaDB holds to periods that don't overlap; text in quotes is no such word. */
import { expect, it } from "vitest";
import { withoutOverlaps } from "./catalogue-periods.js";

it("only keys that say so, whatever stands in names and comments", () => {
  const created = [
    "CREATE TABLE `t` (",
    "  `id` int(11) DEFAULT NULL,",
    "  `note` varchar(20) DEFAULT 'WITHOUT OVERLAPS',",
    "  `c` varchar(9) DEFAULT NULL COMMENT 'a'' UNIQUE KEY `k` (`id`,`v` WITHOUT OVERLAPS)',",
    "  PERIOD FOR `my valid` (`a`, `b`),",
    "  PRIMARY KEY (`id`,`my valid` WITHOUT OVERLAPS),",
    "  UNIQUE KEY `odd``name` (`id`,`note`(3),`my valid` WITHOUT OVERLAPS) COMMENT 'x',",
    "  UNIQUE KEY `plain` (`id`) COMMENT 'n WITHOUT OVERLAPS)',",
    "  UNIQUE KEY `named` (`id`,`x`` WITHOUT OVERLAPS)`),",
    "  KEY `k` (`id`)",
    ") ENGINE=InnoDB",
  ].join("\n");
  expect([...withoutOverlaps(created)]).toEqual(["PRIMARY", "odd`name"]);
});
