/**
 * What stands in the way outside the data: names that somebody else has on the target, an account's search_path with
 * functions of its own, a source that is not the one the copy began from, files that cannot be written, a reader of
 * our output that leaves. Each is told in a sentence, before anything is written where that can be, and mended
 * it is no obstacle any more.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { doneRanges, journey, ledgerText, toTheEnd, unequal } from "./journey.js";
import type { Journey } from "./journey.js";
import { lastObject } from "./headgate.js";

async function shop(name: string): Promise<Journey> {
  const trip = await journey(name);
  await trip.source.sql(
    "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, k INT, e ENUM('a', 'b'), " +
      "at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, KEY by_k (k))",
  );
  await trip.source.sql("INSERT INTO orders (k, e) VALUES (1, 'a'), (2, 'b')");
  await trip.source.sql("CREATE TABLE items (id INT PRIMARY KEY)");
  await trip.source.sql("INSERT INTO items VALUES (1)");
  return trip;
}

it("names that the target has already are told before anything is written", async () => {
  await using trip = await shop("hg_obstacle_names");
  trip.configure([
    "typemap: [{ match: { table: orders, column: e }, to: { type: enum } }]",
    "tables: { rename: { items: things } }",
  ]);
  await trip.target.sql(`
    CREATE TABLE other (x int);
    CREATE INDEX orders_by_k ON other (x);
    CREATE SEQUENCE orders_id_seq;
    CREATE DOMAIN things AS text;
    CREATE DOMAIN orders_e AS text;
    CREATE FUNCTION orders_on_update() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION things_pkey() RETURNS int LANGUAGE sql AS 'SELECT 1'`);
  const refused = await trip.said(3, ...toTheEnd.slice(0, -1));
  const findings = refused["findings"] as { code: string; object: string }[];
  expect(findings.filter(({ code }) => code === "target-name-taken").map(({ object }) => object)).toEqual([
    "public.orders_on_update",
    "public.orders_by_k",
    "public.orders_id_seq",
    "public.orders_e",
    "public.things",
  ]);
  expect(await ledgerText(trip)).toBeNull();

  // Ours are not in the way of ours: held in the middle and gone on with, each name is there already.
  await trip.target.sql(
    "DROP TABLE other; DROP SEQUENCE orders_id_seq; DROP DOMAIN things, orders_e; DROP FUNCTION orders_on_update()",
  );
  await trip.said(2, "run", "--until", "copied", "--hold", "items");
  await trip.said(0, "run", "--until", "copied");
  expect((await trip.said(0, "check"))["ok"]).toBe(true);
  expect(unequal(await trip.judge({ rename: { items: "things" } }))).toEqual([]);
});

it("an account's settings on the target change nothing", async () => {
  await using trip = await shop("hg_obstacle_path");
  await trip.target.sql(`
    CREATE SCHEMA mine;
    CREATE FUNCTION mine.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN RAISE 'not mine'; END$$;
    CREATE FUNCTION mine.current_database() RETURNS name LANGUAGE plpgsql AS $$BEGIN RAISE 'not mine'; END$$;
    CREATE TABLE mine.pg_class (x int)`);
  for (const setting of [
    "search_path = mine, pg_catalog, public",
    "array_nulls = off",
    "quote_all_identifiers = on",
    "default_transaction_isolation = serializable",
    "default_transaction_read_only = on",
    "standard_conforming_strings = off",
    "datestyle = 'German'",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = escape",
  ])
    await trip.target.sql(`BEGIN READ WRITE; ALTER DATABASE hg_obstacle_path SET ${setting}; COMMIT`);
  await trip.said(0, "run", "--until", "copied");
  await trip.target.sql("BEGIN READ WRITE; ALTER DATABASE hg_obstacle_path RESET ALL; COMMIT");
  expect(unequal(await trip.judge())).toEqual([]);
});

it("goes on only with the source that it began from", async () => {
  await using trip = await shop("hg_obstacle_source");
  await trip.said(2, "run", "--until", "copied", "--hold", "orders");
  const before = await doneRanges(trip);
  const [lane] = await trip.target.sql("SELECT start_marker AS id, start_note AS note FROM headgate.lane");
  const [id, note] = [lane?.["id"] ?? "", lane?.["note"] ?? ""];
  expect(note).toMatch(/^start [0-9a-f-]{36}$/u);
  // Another server has a marker of the same id, and one that was restored from a backup has none.
  for (const change of [
    "UPDATE headgate.marker_main SET note = 'start' WHERE id = ?",
    "DELETE FROM headgate.marker_main WHERE id = ?",
  ]) {
    await trip.source.sql(change, [id]);
    const ended = await trip.headgate(...toTheEnd);
    expect([ended.code, lastObject(ended)["error"]]).toEqual([
      6,
      expect.objectContaining({ code: "ledger-mismatch" }),
    ]);
    expect(ended.stdout).toContain("another server, or was restored");
  }
  expect(await doneRanges(trip)).toEqual(before);
  await trip.source.sql("INSERT INTO headgate.marker_main (id, note) VALUES (?, ?)", [id, note]);
  await trip.said(0, "run", "--until", "copied");
  expect(unequal(await trip.judge())).toEqual([]);
});

it("a file that cannot be written is a sentence, and a reader that leaves ends nothing", async () => {
  await using trip = await shop("hg_obstacle_files");
  const first = trip.start(["run", "--until", "copied", "--json"]);
  // Nobody reads on: what is still to be said meets a closed pipe.
  first.child.stdout?.destroy();
  expect(await first.end).toMatchObject({ code: 0 });
  expect((await first.end).stderr).not.toMatch(/EPIPE|\n\s+at /u);
  expect(await trip.said(0, "status")).toMatchObject({ state: "copied" });

  const child = spawn(process.execPath, [resolve("dist/src/cli/main.js"), "plan", "--sql"], {
    cwd: trip.folder,
  });
  child.stdout.destroy();
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  expect(await once(child, "close")).toEqual([0, null]);
  // The next step is no SQL, so it stands on stderr; nothing else does.
  expect(said).toMatch(/^next: [^\n]*\n$/u);

  for (const file of ["/nowhere/report.html", trip.folder]) {
    const ended = await trip.headgate("report", "--html", file);
    expect([ended.code, ended.stderr]).toEqual([
      64,
      expect.stringContaining(`file-refused: ${file} cannot be`),
    ]);
    expect(ended.stderr).not.toMatch(/\n\s+at /u);
  }
  const other = join(trip.folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, ".headgate"), "no folder");
  copyFileSync(join(trip.folder, "headgate.yaml"), join(other, "headgate.yaml"));
  for (const verb of [["plan"], ["run", "--until", "copied"]]) {
    const ended = await trip.start(verb, { cwd: other }).end;
    expect([ended.code, ended.stderr]).toEqual([64, expect.stringContaining("file-refused")]);
    expect(ended.stderr).not.toMatch(/\n\s+at /u);
  }
});
