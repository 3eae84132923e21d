/**
 * Views that show one of several texts which their collation holds equal: either server takes any of them, so `check`
 * warns with the line that leaves the view out, and a `run` that finds nothing else apart does not end as one that failed.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Finding } from "../../src/model.js";
import type { ViewVerdict } from "../../src/verify/views.js";
import { fromSources } from "./from-sources.js";
import { journey, toTheEnd } from "./journey.js";
import type { Journey, Said } from "./journey.js";

const until = toTheEnd.filter((word) => word !== "--json");
const spelled = ["of_both", "of_groups", "of_lists", "of_most", "on_top", "plainly"];

fromSources(["mysql9", "mariadb"], "views of equal spellings on %s", (server) => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey(`hg_spelling_${server}`, server);
    const sql = (text: string): Promise<unknown> => trip.source.sql(text);
    await sql("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci, n INT)");
    // Whichever a server takes, the first or the least: of one of the pairs it is the other.
    await sql("INSERT INTO t VALUES (1, 'a', 1), (2, 'A', 2), (3, 'B', 4), (4, 'b', 8), (5, 'c', 16)");
    await sql("CREATE VIEW plainly AS SELECT DISTINCT name FROM t");
    await sql("CREATE VIEW of_groups AS SELECT name, COUNT(*) AS many, SUM(n) AS total FROM t GROUP BY name");
    await sql("CREATE VIEW of_both AS SELECT name FROM t WHERE id < 4 UNION SELECT name FROM t WHERE id > 1");
    await sql("CREATE VIEW of_most AS SELECT n DIV 4 AS part, MAX(name) AS most FROM t GROUP BY n DIV 4");
    await sql(
      "CREATE VIEW of_lists AS SELECT COUNT(*) AS many, GROUP_CONCAT(DISTINCT name ORDER BY name) AS list FROM t",
    );
    await sql("CREATE VIEW on_top AS SELECT total, name FROM of_groups WHERE many > 1");
    await sql("CREATE VIEW each_row AS SELECT id, name FROM t");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const near = (said: Said): readonly Finding[] =>
    (said["findings"] as readonly Finding[]).filter(({ code }) => code === "view-near");

  it("check warns of each with its line, and run does not fail what check let through", async () => {
    const told = near(await trip.said(0, "check", "--propose"));
    expect(told.map(({ severity, object }) => `${severity} ${object}`).sort()).toEqual(
      spelled.map((name) => `warning ${name}`),
    );
    for (const { object, propose, sentence } of told) {
      expect(propose).toEqual(["tables:", `  exclude: ["${object}"]`]);
      expect(sentence).toContain("one of several texts that its collation holds equal");
    }
    const done = await trip.said(0, ...until);
    const verdicts = done["views"] as readonly ViewVerdict[];
    expect(verdicts.map(({ view, result }) => `${view} ${result}`).sort()).toEqual(
      ["each_row", ...spelled].map((view) => `${view} equal`),
    );
    const partly = (done["findings"] as readonly Finding[]).filter(
      ({ code }) => code === "view-partly-compared",
    );
    // Of one of the pairs the target shows the other spelling: it was looked at, and told.
    expect(partly.map(({ object }) => object)).toContain("of_groups");
    expect(partly.find(({ object }) => object === "of_groups")?.sentence).toContain("without name");
    expect(partly.map(({ object }) => object)).not.toContain("each_row");
  });

  it("a view that is left out is told of no more", async () => {
    trip.configure(["tables: { exclude: [of_groups, on_top] }"]);
    const left = near(await trip.said(0, "check")).map(({ object }) => object);
    expect(left).not.toContain("of_groups");
    expect(left).not.toContain("on_top");
    expect(left).toContain("plainly");
  });
});
