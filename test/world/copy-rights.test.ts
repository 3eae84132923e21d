/**
 * What `check --grants` prints under `copy` is enough for the offline copy, by itself: no program is listed, nobody is
 * named who holds a lock, no session makes a temporary table, and the rows arrive all the same.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { enginePassword } from "./accounts.js";
import { foundIn } from "./hazard/finding.js";
import { journey, toTheEnd, unequal } from "./journey.js";

const name = "hg_copy_rights";
const user = "hg_copy_only";

function as(url: string): string {
  const own = new URL(url);
  [own.username, own.password] = [user, enginePassword];
  return own.href;
}

it("a copy needs the grants of the phase copy, and no others", async () => {
  await using trip = await journey(name);
  for (const statement of [
    "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20) COLLATE utf8mb4_general_ci, parent INT REFERENCES t (id), UNIQUE KEY (c))",
    "INSERT INTO t VALUES (1, 'Zoë', NULL), (2, 'b', 1)",
    "CREATE TABLE keyless (a INT)",
    "INSERT INTO keyless VALUES (1), (1)",
    "CREATE VIEW v AS SELECT id FROM t",
    "CREATE PROCEDURE p() BEGIN END",
  ])
    await trip.source.sql(statement);
  await trip.source.account(user, enginePassword, "copy", ["copy"]);
  await trip.target.account(user, enginePassword, ["copy"]);
  await trip.target.sql(`REVOKE TEMPORARY ON DATABASE ${name} FROM public`);
  const lines = [
    `migration: 20261127_${name}`,
    "environment: development",
    `source: { url: "${as(trip.source.url)}" }`,
    `target: { url: "${as(trip.target.options.url)}" }`,
    "typemap: [{ match: { column: c }, to: { collation: icu } }]",
  ];
  writeFileSync(join(trip.folder, "headgate.yaml"), `${lines.join("\n")}\n`, { mode: 0o600 });
  const found = foundIn(await trip.said(0, "check"));
  // Nobody can ask without a temporary object, and that is no answer.
  expect(found.find(({ code }) => code === "like-not-supported")?.sentence).toContain("could not be asked");
  await trip.said(0, ...toTheEnd.slice(0, -1));
  expect(unequal(await trip.judge())).toEqual([]);
  expect(await trip.target.sql("SELECT id FROM v ORDER BY id")).toHaveLength(2);
  await trip.target.sql(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  await trip.source.sql(`DROP USER ${user}`);
});
