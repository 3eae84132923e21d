import { describe, expect, it } from "vitest";
import type { CutFrom } from "../../src/port.js";
import { accountName, databaseName } from "./grant-names.js";
import { definerRights, lackedOf } from "./definer-rights.js";
import { grantStatements, grantsOf, routineGrant, routineRight, showsRoutines } from "./grants.js";

const of = (...lines: string[]): ReturnType<typeof grantsOf> => grantsOf("hg@%", lines, false);

describe("SHOW GRANTS", () => {
  it("tells server, database and table apart", () => {
    const grants = of(
      "GRANT REPLICATION CLIENT ON *.* TO `hg`@`%`",
      "GRANT SELECT, SHOW VIEW ON `shop`.* TO `hg`@`%`",
      "GRANT INSERT ON `shop`.`orders` TO `hg`@`%`",
    );
    expect(grants.allows("REPLICATION CLIENT", null)).toBe(true);
    expect(grants.allows("SELECT", null)).toBe(false);
    expect(grants.allows("SELECT", "shop")).toBe(true);
    expect(grants.allows("SHOW VIEW", "shop", "orders")).toBe(true);
    expect(grants.allows("SELECT", "shop2")).toBe(false);
    expect(grants.allows("INSERT", "shop")).toBe(false);
    expect(grants.allows("INSERT", "shop", "orders")).toBe(true);
    expect(grants.allowsSome("INSERT", "shop")).toBe(true);
  });

  it("takes ALL PRIVILEGES for everything, and WITH GRANT OPTION for nothing", () => {
    const grants = of("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION");
    expect(grants.allows("XA_RECOVER_ADMIN", null)).toBe(true);
    expect(grants.allows("SELECT", "any")).toBe(true);
  });

  it("does not take a column's privilege for the table's", () => {
    const grants = of("GRANT INSERT (`id`, `b`), SELECT, UPDATE (`id`) ON `shop`.* TO `hg`@`%`");
    expect(grants.allows("SELECT", "shop")).toBe(true);
    expect(grants.allows("INSERT", "shop")).toBe(false);
    expect(grants.allows("UPDATE", "shop")).toBe(false);
  });

  it("reads _ and % as the server does", () => {
    expect(of("GRANT SELECT ON `shop\\_1`.* TO `hg`@`%`").allows("SELECT", "shop_1")).toBe(true);
    expect(of("GRANT SELECT ON `shop\\_1`.* TO `hg`@`%`").allows("SELECT", "shopx1")).toBe(false);
    expect(of("GRANT SELECT ON `shop_1`.* TO `hg`@`%`").allows("SELECT", "shopx1")).toBe(true);
    expect(of("GRANT SELECT ON `sh%`.* TO `hg`@`%`").allows("SELECT", "shop.1")).toBe(true);
    expect(grantsOf("hg@%", ["GRANT SELECT ON `sh%`.* TO `hg`@`%`"], true).allows("SELECT", "shop")).toBe(
      false,
    );
  });

  it("subtracts partial revokes", () => {
    const grants = of("GRANT SELECT ON *.* TO `hg`@`%`", "REVOKE SELECT ON `shop`.* FROM `hg`@`%`");
    expect(grants.allows("SELECT", "shop")).toBe(false);
    expect(grants.allows("SELECT", "other")).toBe(true);
  });

  it("leaves out roles, proxies, routines and passwords", () => {
    const grants = of(
      "GRANT `reader`@`%` TO `hg`@`%`",
      "GRANT PROXY ON ``@`` TO `hg`@`%`",
      "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `hg`@`%`",
      "GRANT USAGE ON *.* TO `hg`@`%` IDENTIFIED BY PASSWORD '*00'",
      "SET DEFAULT ROLE `reader` FOR `hg`@`%`",
    );
    expect(grants.allows("EXECUTE", "shop")).toBe(false);
    expect(grants.allows("SELECT", "shop")).toBe(false);
  });

  it("knows MariaDB's names", () => {
    expect(of("GRANT BINLOG MONITOR ON *.* TO `hg`").allows("REPLICATION CLIENT", null)).toBe(true);
  });
});

describe("the GRANTs of a phase", () => {
  it("spells names so that they are only themselves", () => {
    expect(databaseName("my_shop`%")).toBe("`my\\_shop``\\%`");
    expect(accountName("o'brien@10.0.0.%")).toBe("'o''brien'@'10.0.0.%'");
    expect(accountName("a@b@host")).toBe("'a@b'@'host'");
  });

  it("asks for locks under the first phase that takes them, and only MySQL", () => {
    const routines = routineRight("mysql", new Set(["SHOW_ROUTINE"]));
    const base = { account: "hg@%", database: "shop", dynamic: true, routines } as const;
    const copy = (needs: Parameters<typeof grantStatements>[0]): string =>
      grantStatements(needs)[0]?.statements.join("\n") ?? "";
    expect(copy({ ...base, engine: "mysql", cut: "copy" })).toContain("GRANT RELOAD ON *.* TO 'hg'@'%';");
    expect(copy({ ...base, engine: "mysql", cut: "recopy" })).not.toMatch(/RELOAD|LOCK TABLES/u);
    const locking = (engine: "mysql" | "mariadb", cut: CutFrom): readonly string[] =>
      grantStatements({ ...base, engine, cut }).flatMap(({ phase, statements }) =>
        statements.some((sql) => /RELOAD|LOCK TABLES/u.test(sql)) ? [phase] : [],
      );
    for (const cut of ["copy", "stream", "recopy"] as const) {
      expect(locking("mysql", cut)).toEqual([cut]);
      expect(locking("mariadb", cut)).toEqual([]);
    }
    expect(copy({ ...base, engine: "mariadb", cut: "copy", dynamic: false })).not.toMatch(
      /RELOAD|XA_RECOVER/u,
    );
  });

  it("lists what making triggers of others again takes, as the server has it, and no more", () => {
    const eight = new Set(["SET_ANY_DEFINER", "ALLOW_NONEXISTENT_DEFINER", "SYSTEM_USER"]);
    const some = { others: ["app@%", "root@%"], gone: [], guarded: [] };
    expect(definerRights(eight, { others: [], gone: [], guarded: [] })).toEqual([]);
    expect(definerRights(eight, some)).toEqual(["SET_ANY_DEFINER"]);
    const all = { ...some, gone: ["app@%"], guarded: ["root@%"] };
    expect(definerRights(eight, all)).toEqual([
      "SET_ANY_DEFINER",
      "ALLOW_NONEXISTENT_DEFINER",
      "SYSTEM_USER",
    ]);
    expect(definerRights(new Set(["SET_USER_ID", "SYSTEM_USER"]), all)).toEqual([
      "SET_USER_ID",
      "SYSTEM_USER",
    ]);
    expect(definerRights(new Set(["SET USER"]), all)).toEqual(["SET USER"]);
    expect(definerRights(new Set(), all)).toEqual(["SUPER"]);
    const lacked = (...lines: string[]) => lackedOf(definerRights(eight, all), of(...lines));
    expect(lacked("GRANT SET_ANY_DEFINER ON *.* TO `hg`@`%`")).toEqual([
      "ALLOW_NONEXISTENT_DEFINER",
      "SYSTEM_USER",
    ]);
    // SUPER names any account, and is above none that is protected.
    expect(lacked("GRANT SUPER, ALLOW_NONEXISTENT_DEFINER ON *.* TO `hg`@`%`")).toEqual(["SYSTEM_USER"]);
  });

  it("has them under the cutover, for the fence's account, where triggers take them", () => {
    const routines = routineRight("mysql", new Set(["SHOW_ROUTINE"]));
    const base = { account: "hg@%", database: "shop", dynamic: true, routines, cut: "copy" } as const;
    const cutover = (engine: "mysql" | "mariadb", ...definer: string[]): string =>
      grantStatements({ ...base, engine, definer })
        .find(({ phase }) => phase === "cutover")!
        .statements.join("\n");
    expect(cutover("mysql", "SET_ANY_DEFINER", "SYSTEM_USER")).toContain(
      "GRANT SET_ANY_DEFINER, SYSTEM_USER ON *.* TO 'ADMIN'@'HOST';",
    );
    expect(cutover("mysql")).not.toMatch(/DEFINER|SYSTEM_USER/u);
    // It is there in any case.
    expect(cutover("mariadb", "SET USER").match(/SET USER/gu)).toHaveLength(1);
  });

  it("knows what shows routines by the server's own list", () => {
    const fix = (engine: "mysql" | "mariadb", ...known: string[]): string =>
      routineGrant(routineRight(engine, new Set(known)), "hg@%");
    expect(fix("mysql", "XA_RECOVER_ADMIN", "SHOW_ROUTINE")).toBe("GRANT SHOW_ROUTINE ON *.* TO 'hg'@'%';");
    expect(fix("mysql", "XA_RECOVER_ADMIN")).toBe("GRANT SELECT ON *.* TO 'hg'@'%';");
    expect(fix("mysql")).toBe("GRANT SELECT ON `mysql`.`proc` TO 'hg'@'%';");
    const shows = (...lines: string[]): boolean =>
      showsRoutines(of(...lines), routineRight("mariadb", new Set()));
    expect(shows("GRANT SELECT ON `mysql`.`proc` TO `hg`@`%`")).toBe(true);
    expect(shows("GRANT SELECT ON *.* TO `hg`@`%`")).toBe(true);
    expect(shows("GRANT SELECT ON `mysql`.`user` TO `hg`@`%`")).toBe(false);
  });
});
