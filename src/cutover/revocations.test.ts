import { expect, it } from "vitest";
import { revocations } from "./revocations.js";

it("takes back what was asked for, whatever a name holds", () => {
  const source = [
    "GRANT SELECT, SHOW VIEW ON `shop TO x`.* TO 'it''s TO me'@'%';",
    "GRANT SELECT (User, Host) ON mysql.user TO `a`@`b`;",
    'GRANT CONNECT ON DATABASE "d TO ""e" TO "r" WITH GRANT OPTION;',
    "ALTER ROLE r CREATEROLE;",
  ];
  expect(
    revocations(
      [
        { phase: "copy", server: "source", statements: source },
        { phase: "stream", server: "source", statements: source.slice(0, 1) },
        { phase: "copy", server: "target", statements: ["GRANT x ON y TO z;"] },
      ],
      "source",
    ),
  ).toEqual([
    "REVOKE SELECT, SHOW VIEW ON `shop TO x`.* FROM 'it''s TO me'@'%';",
    "REVOKE SELECT (User, Host) ON mysql.user FROM `a`@`b`;",
    'REVOKE CONNECT ON DATABASE "d TO ""e" FROM "r";',
    "-- undo by hand: ALTER ROLE r CREATEROLE;",
  ]);
});
