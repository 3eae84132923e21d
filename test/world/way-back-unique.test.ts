/**
 * Unique values on the way back, by the command line and on real servers: rows that exchange theirs step by step go back as they
 * were written; what only the target could hold, an exchange inside one statement under a deferrable key, or two words that
 * the source's collation takes for one, waits by name, keeps rollback and complete back, and no other row is bent for it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, RunningEngine } from "./night-journey.js";

interface Waiting {
  readonly event: string;
  readonly state: string;
  readonly table: string;
  readonly rows: string;
  readonly reason: string;
}

describe("unique values on the way back", () => {
  let night: NightJourney;
  let engine: RunningEngine;

  beforeAll(async () => {
    night = await nightJourney("unique_back");
    await shopTables(night.source);
    await night.source.sql(
      "CREATE TABLE seats (id INT PRIMARY KEY, seat INT NOT NULL, guest VARCHAR(20) NOT NULL, UNIQUE seat_u (seat), UNIQUE guest_u (guest)) " +
        "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    );
    await night.source.sql(
      "INSERT INTO seats VALUES (1, 1, 'anna'), (2, 2, 'berta'), (3, 3, 'clara'), (4, 4, 'dora')",
    );
    engine = night.engine();
    await engine.logged(/"msg":"ready"/u);
    const said = await night.headgate(["cutover"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const seats = async (): Promise<string> =>
    (await night.source.sql("SELECT id, seat, guest FROM seats ORDER BY id"))
      .map((row) => row.join(" "))
      .join(", ");
  const until = async (wanted: string): Promise<void> => {
    while ((await seats()) !== wanted);
  };
  const kept = async (): Promise<readonly Waiting[]> => {
    const said = await night.headgate(["status"]);
    return (said.last["quarantine"] as readonly Waiting[]).filter(({ state }) => state === "kept");
  };
  /** The one that waits, once there is one. */
  const waits = async (): Promise<Waiting> => {
    for (;;) {
      const [found] = await kept();
      if (found !== undefined) return found;
    }
  };
  const skip = async ({ event }: Waiting): Promise<void> => {
    const said = await night.headgate(["skip", "--event", event, "--reason", "looked at"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
  };
  const refusesToEnd = async (rows: string): Promise<void> => {
    const back = await night.headgate(["rollback"]);
    expect(back.code, back.stdout + back.stderr).toBe(6);
    expect(back.stdout).toContain(`seats ${rows}`);
    const done = await night.headgate(["complete"]);
    expect(done.last).toMatchObject({ error: { code: "cutover-refused" } });
    expect(done.stdout).toContain(`seats ${rows}`);
  };

  it("that change hands step by step go back as they were written", async () => {
    await night.target.sql(
      "BEGIN; UPDATE seats SET seat = -1 WHERE id = 1; UPDATE seats SET seat = 1 WHERE id = 2; UPDATE seats SET seat = 2 WHERE id = 1; COMMIT",
    );
    await night.target.sql(
      "BEGIN; DELETE FROM seats WHERE id = 3; UPDATE seats SET seat = 3 WHERE id = 4; INSERT INTO seats VALUES (3, 4, 'clara'); COMMIT",
    );
    await until("1 2 anna, 2 1 berta, 3 4 clara, 4 3 dora");
    expect(await kept()).toEqual([]);
  });

  it("that change hands inside one statement wait by name, and neither row is bent", async () => {
    await night.target.sql("ALTER TABLE seats DROP CONSTRAINT seats_seat_u");
    await night.target.sql(
      "ALTER TABLE seats ADD CONSTRAINT seat_d UNIQUE (seat) DEFERRABLE INITIALLY DEFERRED",
    );
    await night.target.sql("UPDATE seats SET seat = 3 - seat WHERE id IN (1, 2)");
    await night.target.sql("INSERT INTO seats VALUES (5, 5, 'emma')");
    const first = await waits();
    expect(first).toMatchObject({ table: "seats", reason: "constraint-refused" });
    expect(first.rows).toMatch(/^\([12]\)$/u);
    await refusesToEnd(first.rows);
    expect(await seats()).toBe("1 2 anna, 2 1 berta, 3 4 clara, 4 3 dora");
    await skip(first);
    const second = await waits();
    expect([first.rows, second.rows].sort()).toEqual(["(1)", "(2)"]);
    await skip(second);
    await until("1 2 anna, 2 1 berta, 3 4 clara, 4 3 dora, 5 5 emma");
  });

  it("that the source's collation takes for one wait by name", async () => {
    // The target keeps the source's equality beside its own, so somebody has to have dropped both.
    await expect(night.target.sql("INSERT INTO seats VALUES (6, 6, 'Émma')")).rejects.toMatchObject({
      code: "23505",
    });
    await night.target.sql("ALTER TABLE seats DROP CONSTRAINT seats_guest_u");
    await night.target.sql("DROP INDEX seats_guest_u_kept");
    await night.target.sql("INSERT INTO seats VALUES (6, 6, 'Émma')");
    await night.target.sql("INSERT INTO seats VALUES (7, 7, 'frida')");
    const waiting = await waits();
    expect(waiting).toMatchObject({ table: "seats", rows: "(6)", reason: "constraint-refused" });
    await refusesToEnd("(6)");
    await skip(waiting);
    await until("1 2 anna, 2 1 berta, 3 4 clara, 4 3 dora, 5 5 emma, 7 7 frida");
  });

  it("are named by the rollback that leaves them, and the source has no row that nobody wrote", async () => {
    const said = await night.headgate(["rollback"]);
    expect(said.code, said.stdout + said.stderr).toBe(0);
    expect(said.last).toMatchObject({ state: "rolled_back", proof: { equal: true } });
    const stayed = said.last["stayed"] as readonly {
      readonly table: string;
      readonly key: readonly string[];
    }[];
    expect(stayed.map(({ table, key }) => [table, ...key].join(" ")).sort()).toEqual([
      "seats 1",
      "seats 2",
      "seats 6",
    ]);
    expect(await seats()).toBe("1 2 anna, 2 1 berta, 3 4 clara, 4 3 dora, 5 5 emma, 7 7 frida");
  });
});
