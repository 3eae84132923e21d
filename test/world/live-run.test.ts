/**
 * `run` after the copy, by its command line: ready and its time, DDL in the log and `plan --amend`, a change that the target
 * refuses and `skip`, a table that somebody else has written to and `recopy`, an offline copy that is followed later.
 * One migration; each part begins where the one before has ended.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey, keptFromReady, ledgerText } from "./journey.js";
import type { Journey, Said } from "./journey.js";

const killBeforePlan = new URL("kill-before-plan.mjs", import.meta.url).href;
const ready = ["run", "--until", "ready", "--timeout", "60s"] as const;

describe("run", () => {
  let trip: Journey;
  let tables = 3;

  beforeAll(async () => {
    trip = await journey("live_run");
    await trip.source.sql(
      "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, n INT NOT NULL DEFAULT 0)",
    );
    await trip.source.sql(
      "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE)",
    );
    await trip.source.sql("CREATE TABLE notes (a INT, b VARCHAR(20))");
    await trip.source.sql("CREATE VIEW counted AS SELECT id, n FROM users WHERE n > 0");
    await trip.source.sql("INSERT INTO users (email) VALUES ('a@x'), ('b@x'), ('c@x'), ('d@x'), ('e@x')");
    await trip.source.sql("INSERT INTO orders (user_id) SELECT id FROM users");
    await trip.source.sql("INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (NULL, NULL)");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const equal = async (): Promise<void> => {
    const verdicts = await trip.judge();
    expect(verdicts.filter((verdict) => !verdict.equal)).toEqual([]);
    expect(verdicts).toHaveLength(tables);
  };
  const error = (said: Said): Said => said["error"] as Said;
  const waiting = async (): Promise<readonly Said[]> => {
    const said = await trip.said(0, "status");
    return (said["quarantine"] as readonly Said[]).filter(({ state }) => state === "kept");
  };

  /** Killed by -9 when the ledger has another plan, and before plan.json is it. */
  const killedBeforePlan = async (...args: readonly string[]): Promise<void> => {
    const killed = await trip.start([...args, "--json"], { node: ["--import", killBeforePlan] }).end;
    expect([killed.signal, killed.stderr]).toEqual(["SIGKILL", expect.any(String)]);
  };

  it("follows what an offline copy has missed: its unique and foreign keys go until the join, and stand again", async () => {
    await trip.said(0, "run", "--until", "copied");
    const built = (): Promise<readonly Record<string, string | null>[]> =>
      trip.target.sql(
        "SELECT name, built_at::text AS at FROM headgate.built WHERE kind IN ('unique', 'foreign') ORDER BY name",
      );
    const offline = await built();
    // With the unique key in place the first of these two would stand in the second one's way while it is replayed.
    await trip.source.sql("UPDATE users SET email = 'was-a@x' WHERE email = 'a@x'");
    await trip.source.sql("UPDATE users SET email = 'a@x' WHERE email = 'b@x'");
    await trip.source.sql("DELETE FROM users WHERE email = 'c@x'");
    await trip.source.sql("DELETE FROM notes WHERE a = 1 LIMIT 1");
    const said = await trip.said(0, ...ready);
    expect(said).toMatchObject({ state: "ready", blocking: [], atFence: [] });
    await equal();
    const again = await built();
    expect(again.map(({ name }) => name)).toEqual(offline.map(({ name }) => name));
    // The e-mail's key stands twice, by bytes and by its collation, and the foreign key once.
    expect(offline).toHaveLength(3);
    // Each was taken away, and built anew at the join.
    again.forEach(({ at }, index) => expect(at).not.toBe(offline[index]?.["at"]));
    const constraints = await trip.target.sql(
      "SELECT contype::text AS kind, convalidated::text AS valid FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('u', 'f') ORDER BY 1",
    );
    expect(constraints).toEqual([
      { kind: "f", valid: "true" },
      { kind: "u", valid: "true" },
    ]);
    expect(await trip.said(0, "run", "--until", "copied")).toMatchObject({ state: "copied" });
  });

  it("stops before rows of a new shape, and goes on when plan and target have it", async () => {
    await trip.source.sql("INSERT INTO users (email) VALUES ('before@x')");
    await trip.source.sql("ALTER TABLE users ADD COLUMN extra VARCHAR(10) NOT NULL DEFAULT 'none'");
    await trip.source.sql("UPDATE users SET extra = 'some' WHERE email = 'before@x'");
    for (let time = 1; time <= 2; time += 1) {
      const said = await trip.said(6, ...ready);
      expect([time, error(said)["code"]]).toEqual([time, "schema-changed"]);
    }
    expect(await trip.target.sql("SELECT count(*)::text AS n FROM users WHERE email = 'before@x'")).toEqual([
      { n: "1" },
    ]);
    const asked = await trip.said(2, "plan", "--amend");
    const statements = asked["statements"] as readonly string[];
    expect(statements).toHaveLength(1);
    const before = await ledgerText(trip);
    expect(await trip.said(2, "plan", "--amend", "--dry-run")).toMatchObject({ amended: false });
    expect(await ledgerText(trip)).toBe(before);
    for (const sql of statements) await trip.target.sql(sql);
    // The ledger has taken the new plan, and plan.json is still the old one: the same run goes on with the ledger's.
    await killedBeforePlan("plan", "--amend");
    await trip.said(0, ...ready);
    await equal();
  });

  it("passes two additions at once: rows that lie between them have neither plan's shape, so the table is read again", async () => {
    await trip.source.sql("ALTER TABLE users ADD COLUMN one INT");
    await trip.source.sql("UPDATE users SET one = 1 WHERE email = 'd@x'");
    await trip.source.sql("ALTER TABLE users ADD COLUMN two INT");
    await trip.source.sql("UPDATE users SET two = 2 WHERE email = 'd@x'");
    await trip.said(6, ...ready);
    const { statements } = await trip.said(2, "plan", "--amend");
    for (const sql of statements as readonly string[]) await trip.target.sql(sql);
    expect(await trip.said(0, "plan", "--amend")).toMatchObject({
      added: ["users.one", "users.two"],
      copied: ["users"],
    });
    await trip.said(0, ...ready);
    await equal();
  });

  it("makes a table anew whose columns are others, with its keys, those that point to it, and the views over it", async () => {
    await trip.source.sql("UPDATE users SET n = 5 WHERE email = 'd@x'");
    await trip.source.sql(
      "ALTER TABLE users DROP COLUMN one, MODIFY n BIGINT NOT NULL DEFAULT 0, CHANGE two deux VARCHAR(9) AFTER id",
    );
    await trip.source.sql("UPDATE users SET deux = 'neuf', n = 5000000000 WHERE email = 'd@x'");
    await trip.said(6, ...ready);
    expect(error(await trip.said(3, "plan", "--amend"))).toMatchObject({ next: "headgate recopy users" });
    const before = await ledgerText(trip);
    const asked = { tables: ["users"], rebuilt: ["users"] };
    expect(await trip.said(0, "recopy", "users", "--dry-run")).toMatchObject(asked);
    expect(await ledgerText(trip)).toBe(before);
    expect(error(await trip.said(64, "recopy", "users"))).toMatchObject({
      next: "headgate recopy users --yes",
    });
    expect(await ledgerText(trip)).toBe(before);
    // What was built is gone by somebody's hand: nothing of it has to be there to be taken down.
    const dropped = await trip.target.sql(
      "SELECT conrelid::regclass::text AS name, conname AS key FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('u', 'f')",
    );
    expect(dropped.map(({ name }) => name).sort()).toEqual(["orders", "users"]);
    for (const { name, key } of dropped)
      await trip.target.sql(`ALTER TABLE ${name ?? ""} DROP CONSTRAINT "${key ?? ""}"`);
    // Dropped on the target, and plan.json is still the old one; then the source is altered once more.
    await killedBeforePlan("recopy", "users", "--yes");
    await trip.source.sql("ALTER TABLE users MODIFY deux VARCHAR(12)");
    expect(await trip.said(0, "recopy", "users", "--yes")).toMatchObject(asked);
    await trip.source.sql("UPDATE users SET deux = 'dix' WHERE email = 'd@x'");
    await trip.said(0, ...ready);
    await equal();
    expect(await waiting()).toEqual([]);
    const there = await trip.target.sql(
      "SELECT contype::text AS kind, convalidated::text AS valid FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f') ORDER BY 1",
    );
    expect(there.map(({ kind, valid }) => `${kind ?? ""} ${valid ?? ""}`)).toEqual([
      "f true",
      "p true",
      "p true",
      "u true",
    ]);
    expect(await trip.target.sql("SELECT n::text FROM counted")).toEqual([{ n: "5000000000" }]);
    await trip.source.sql("UPDATE users SET n = 0");
  });

  it("refuses to amend what does not only add, also where the shape is the same afterwards", async () => {
    await trip.source.sql("ALTER TABLE notes MODIFY b VARCHAR(25)");
    await trip.said(6, ...ready);
    const said = await trip.said(3, "plan", "--amend");
    expect(error(said)).toMatchObject({ code: "plan-stale" });
    expect(error(said)["sentence"]).toContain("notes.b was varchar(20) and is varchar(25)");
    // Back again, and nobody can tell from the shape that values were cut on the way: the table is copied again.
    await trip.source.sql("UPDATE notes SET b = 'twenty characters and more' WHERE a = 1");
    await trip.source.sql("ALTER TABLE notes MODIFY b VARCHAR(20)");
    expect(error(await trip.said(3, "plan", "--amend"))).toMatchObject({ next: "headgate recopy notes" });
    await trip.said(0, "recopy", "notes");
    expect(await waiting()).toEqual([]);
    await trip.said(0, ...ready);
    await equal();
  });

  it("is not ready while the source has a table that the plan has not, and takes it in", async () => {
    const running = trip.start(["run", "--json"]);
    await running.logged(/"msg":"ready"/u);
    await trip.source.sql("CREATE TABLE later (id INT PRIMARY KEY, v VARCHAR(10))");
    await trip.source.sql("INSERT INTO later VALUES (1, 'one')");
    // With nothing else in its way any more, ready is not said without another look.
    await trip.said(0, "pause");
    await trip.said(0, "resume");
    await running.logged(/"blocking":"tables-not-followed"/u);
    running.child.kill("SIGINT");
    await running.end;
    await keptFromReady(trip, "tables-not-followed");
    // Its rows are in no plan's log yet, and would be in no copy: the commit alone would come.
    const insert = "INSERT INTO later VALUES (2, 'xa')";
    for (const part of ["XA START 'unseen'", insert, "XA END 'unseen'", "XA PREPARE 'unseen'"])
      await trip.source.sql(part);
    expect(JSON.stringify(await trip.said(1, "plan", "--amend"))).toContain("prepared-transactions");
    await trip.source.sql("XA COMMIT 'unseen'");
    expect(await trip.said(0, "plan", "--amend")).toMatchObject({ amended: true, copied: ["later"] });
    await trip.source.sql("UPDATE later SET v = 'two'");
    await trip.said(0, ...ready);
    expect(await trip.target.sql("SELECT v FROM later")).toEqual([{ v: "two" }, { v: "two" }]);
    tables += 1;
    await equal();
  });

  it("never takes in what an online schema change puts beside its table, and copies again what it swaps in", async () => {
    await trip.source.sql("CREATE TABLE _later_gho LIKE later");
    await trip.source.sql("ALTER TABLE _later_gho MODIFY v VARCHAR(30), ADD w INT");
    const begun = error(await trip.said(6, ...ready));
    expect(begun["sentence"]).toContain("gh-ost");
    expect(await trip.said(0, "plan", "--amend")).toMatchObject({ amended: true, copied: [], added: [] });
    await trip.source.sql("INSERT INTO _later_gho SELECT id, v, 7 FROM later");
    await trip.source.sql("RENAME TABLE later TO _later_del, _later_gho TO later");
    await trip.source.sql("DROP TABLE _later_del");
    await trip.source.sql("UPDATE later SET v = 'longer than it was'");
    expect(error(await trip.said(6, ...ready))).toMatchObject({ next: "headgate recopy later" });
    expect(error(await trip.said(3, "plan", "--amend"))).toMatchObject({ next: "headgate recopy later" });
    await trip.said(0, "recopy", "later", "--yes");
    await trip.said(0, ...ready);
    await equal();
  });

  it("keeps a change that the target refuses, tries it again, and leaves it out by somebody's word", async () => {
    await trip.target.sql("ALTER TABLE users ADD CONSTRAINT small CHECK (n < 100)");
    await trip.source.sql("UPDATE users SET n = 1000 WHERE email = 'd@x'");
    await trip.source.sql("UPDATE users SET n = 7 WHERE email = 'e@x'");
    const said = await trip.said(6, ...ready);
    expect(error(said)).toMatchObject({ code: "quarantined" });
    const [kept] = await waiting();
    expect(kept).toMatchObject({ table: "users", reason: "constraint-refused" });
    const id = String(kept?.["event"]);
    const folder = join(trip.folder, ".headgate", trip.migration, "quarantine");
    const [file = ""] = readdirSync(folder);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, file), "utf8"))).toMatchObject({ id, operation: "update" });
    await trip.said(6, ...ready);
    expect(await waiting()).toHaveLength(1);
    const before = await ledgerText(trip);
    await trip.said(64, "skip", "--event", "nothing:1#1", "--reason", "no such thing");
    await trip.said(64, "skip", "--event", id, "--reason", " ");
    await trip.said(0, "skip", "--event", id, "--reason", "a dry run", "--dry-run");
    expect(await ledgerText(trip)).toBe(before);
    await trip.said(0, "skip", "--event", id, "--reason", "row to be mended by hand, CHG-1");
    // What was left out is in no touched key, and is found all the same.
    const left = await trip.said(2, "verify");
    expect(left["differences"]).toBe(1);
    const [users] = (left["tables"] as readonly Said[]).filter(({ table }) => table === "users");
    expect(users).toMatchObject({ compared: "whole", mismatches: [{ kind: "different", columns: ["n"] }] });
    expect(await trip.said(2, "run", "--until", "ready", "--timeout", "10s")).toMatchObject({
      blocking: ["differences"],
    });
    expect(await waiting()).toEqual([]);
    const rows = await trip.target.sql(
      "SELECT email, n::text FROM users WHERE email IN ('d@x', 'e@x') ORDER BY 1",
    );
    expect(rows).toEqual([
      { email: "d@x", n: "0" },
      { email: "e@x", n: "7" },
    ]);
    await trip.target.sql("ALTER TABLE users DROP CONSTRAINT small");
    await trip.source.sql("UPDATE users SET n = 70 WHERE email = 'd@x'");
    await trip.said(0, ...ready);
  });

  it("stops where somebody else has written to the target, and recopy brings the table back among its foreign keys", async () => {
    await trip.target.sql("DELETE FROM orders WHERE user_id = (SELECT id FROM users WHERE email = 'e@x')");
    await trip.source.sql(
      "UPDATE orders SET id = id + 100 WHERE user_id = (SELECT id FROM users WHERE email = 'e@x')",
    );
    const said = await trip.said(6, ...ready);
    expect(error(said)).toMatchObject({ code: "divergence" });
    expect(await waiting()).toMatchObject([{ table: "orders", reason: "divergence" }]);
    await trip.said(64, "recopy", "nothing");
    // Neither is another shape of its rows: nothing is dropped for it, and the target has the default all the same.
    await trip.source.sql("ALTER TABLE orders MODIFY user_id INT NOT NULL DEFAULT 4 COMMENT 'whose'");
    const asked = { tables: ["orders"], rebuilt: [] };
    expect(await trip.said(0, "recopy", "orders", "--dry-run")).toMatchObject(asked);
    expect(await trip.said(0, "recopy", "orders")).toMatchObject(asked);
    expect(
      await trip.target.sql(
        "SELECT column_default AS sql FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'orders' AND column_name = 'user_id'",
      ),
    ).toEqual([{ sql: "4" }]);
    expect(await waiting()).toEqual([]);
    // The row that was left out above comes back too.
    expect(await trip.said(0, "recopy", "users")).toMatchObject({ tables: ["users"] });
    await trip.source.sql("INSERT INTO orders (user_id) SELECT id FROM users WHERE email = 'd@x'");
    await trip.said(0, ...ready);
    await equal();
  });

  it("that was not ready in time ends with 2 and says what is in the way", async () => {
    const said = await trip.said(2, "run", "--until", "ready", "--timeout", "1ms");
    expect(said).toMatchObject({ state: "stopped", exit: 2 });
    expect((said["blocking"] as readonly string[]).length).toBeGreaterThan(0);
  });
});
