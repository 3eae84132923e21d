/**
 * `run` from a source whose log does not carry what foreign keys do: their actions are followed where the source has followed
 * them, and nowhere else; what could not be followed or cut is refused before anything is written.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";

const ready = ["run", "--until", "ready", "--timeout", "60s"] as const;

describe("run from MariaDB", () => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey("live_run_mariadb", "mariadb");
    await trip.source.sql("CREATE TABLE parents (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE = InnoDB");
    await trip.source.sql(
      "CREATE TABLE children (id INT PRIMARY KEY, parent INT NULL, FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE = InnoDB",
    );
    await trip.source.sql("INSERT INTO parents VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    await trip.source.sql("INSERT INTO children VALUES (10, 1), (11, 1), (20, 2), (30, 3)");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  it("refuses a table that can only be cut, and whose engine shows no view, before anything is written", async () => {
    await trip.source.sql("CREATE TABLE loose (a INT) ENGINE = MyISAM");
    const said = await trip.said(3, ...ready);
    expect(
      (said["findings"] as readonly Said[]).filter(({ severity }) => severity === "error"),
    ).toMatchObject([{ code: "cut-not-exact", object: "loose" }]);
    expect(await trip.target.sql("SELECT to_regnamespace('headgate')::text AS ledger")).toEqual([
      { ledger: null },
    ]);
    await trip.source.sql("DROP TABLE loose");
  });

  it("refuses a foreign key that acts on texts which only the source holds equal, or that something is computed from", async () => {
    await trip.source.sql(
      "CREATE TABLE words (w VARCHAR(10) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT NULL, twice INT AS (n * 2) VIRTUAL) ENGINE = InnoDB DEFAULT CHARSET utf8mb4",
    );
    await trip.source.sql(
      "CREATE TABLE uses (id INT PRIMARY KEY, w VARCHAR(10) COLLATE utf8mb4_general_ci, FOREIGN KEY (w) REFERENCES words (w) ON DELETE CASCADE) ENGINE = InnoDB DEFAULT CHARSET utf8mb4",
    );
    await trip.source.sql("ALTER TABLE words ADD FOREIGN KEY (n) REFERENCES parents (id) ON DELETE SET NULL");
    const said = await trip.said(3, ...ready);
    const errors = (said["findings"] as readonly Said[]).filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([
      { code: "cascade-not-followed", object: expect.stringMatching(/^uses\./u) as string },
      { code: "cascade-not-followed", object: expect.stringMatching(/^words\./u) as string },
    ]);
    await trip.source.sql("DROP TABLE uses, words");
  });

  it("follows a cascade that was, and none where foreign_key_checks was off", async () => {
    await trip.said(0, ...ready);
    await trip.source.sql("DELETE FROM parents WHERE id = 3");
    await trip.source.sql("SET SESSION foreign_key_checks = 0");
    await trip.source.sql("DELETE FROM parents WHERE id = 1");
    await trip.source.sql("INSERT INTO parents VALUES (1, 'again')");
    await trip.source.sql("UPDATE parents SET id = 22 WHERE id = 2");
    await trip.source.sql("UPDATE parents SET id = 2 WHERE id = 22");
    await trip.source.sql("SET SESSION foreign_key_checks = 1");
    await trip.said(0, ...ready);
    const verdicts = await trip.judge();
    expect(verdicts.filter(({ equal }) => !equal)).toEqual([]);
    expect(
      await trip.target.sql("SELECT string_agg(id::text, ' ' ORDER BY id) AS ids FROM children"),
    ).toEqual([{ ids: "10 11 20" }]);
  });
});
