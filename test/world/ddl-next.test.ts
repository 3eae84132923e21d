/**
 * DDL in the log (issue 5, point 6), by the command line: whoever does what is printed, word for word, gets on. Each stop names
 * a command that is accepted, or what has to be done first; `status` names the same one, and at the end both sides are equal.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";

const shell = promisify(execFile);
/** What `headgate run` is here: it ends when it has got on. */
const ready = ["run", "--until", "ready", "--timeout", "60s"] as const;
/** A name that has to be quoted for MySQL, for PostgreSQL and for a shell. */
const t = "it's t";
const recopy = "headgate recopy 'it'\\''s t'";
const made = `CREATE TABLE \`${t}\` (id INT PRIMARY KEY, v VARCHAR(20), n INT)`;

let trip: Journey;

beforeAll(async () => {
  trip = await journey("ddl_next");
  await trip.source.sql(made);
  await trip.source.sql("CREATE TABLE other (id INT PRIMARY KEY, n INT)");
  await trip.source.sql(`INSERT INTO \`${t}\` VALUES (1, 'one', 1), (2, 'two', 2)`);
  await trip.source.sql("INSERT INTO other VALUES (1, 1)");
  await trip.said(0, ...ready);
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

const error = (said: Said): Said => said["error"] as Said;
const steps = (said: Said): readonly Said[] => said["nextSteps"] as readonly Said[];

/** The arguments of a command as a shell takes it apart. */
async function words(command: string): Promise<readonly string[]> {
  const { stdout } = await shell("sh", ["-c", `printf '%s\\0' ${command}`]);
  const [program, ...rest] = stdout.split("\0").slice(0, -1);
  expect(program).toBe("headgate");
  return rest[0] === "run" ? ready : rest;
}

/** Does what is printed, from this command on, until the stream is level; what was printed on the way. */
async function followed(first: string): Promise<readonly string[]> {
  const told: string[] = [];
  for (let command = first; ;) {
    told.push(command);
    const ended = await trip.headgate(...(await words(command)), "--json");
    const said = JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "") as Said;
    expect([0, 2, 6, 64], `${command}: ${ended.stdout}`).toContain(ended.code);
    if (said["state"] === "ready") return told;
    if (ended.code === 6) expect([command, error(said)["code"]]).toEqual(["headgate run", "schema-changed"]);
    if (ended.code === 64) {
      // Nothing else is asked but whether it is meant.
      expect(error(said)["code"]).toBe("confirm-missing");
      expect(error(said)["next"]).toBe(`${command} --yes`);
    }
    for (const sql of (said["statements"] as readonly string[] | undefined) ?? []) await trip.target.sql(sql);
    command = String(steps(said)[0]?.["command"]);
  }
}

async function level(): Promise<void> {
  const verdicts = await trip.judge();
  expect(verdicts).toHaveLength(2);
  expect(verdicts.filter(({ equal }) => !equal)).toEqual([]);
}

const rows = `INSERT INTO \`${t}\` (id, n) SELECT MAX(id) + 1, 7 FROM \`${t}\``;

it.each([
  [
    "a column is added",
    ["ADD COLUMN w INT"],
    ["headgate plan --amend", "headgate plan --amend", "headgate run"],
  ],
  ["a column gets another type", ["MODIFY n BIGINT"], [recopy, `${recopy} --yes`, "headgate run"]],
  [
    "the shape is the same afterwards",
    ["MODIFY v VARCHAR(9)", "MODIFY v VARCHAR(20)"],
    [recopy, "headgate run"],
  ],
  [
    "what adds is met, and something else has followed it",
    ["ADD COLUMN y INT", "DROP COLUMN w"],
    [recopy, `${recopy} --yes`, "headgate run"],
  ],
] as const)("%s: what is printed is accepted and leads on", async (_, changes, path) => {
  for (const change of changes) await trip.source.sql(`ALTER TABLE \`${t}\` ${change}`);
  await trip.source.sql(rows);
  const stopped = await trip.said(6, ...ready);
  const { code, next } = error(stopped);
  expect([code, next]).toEqual(["schema-changed", path[0]]);
  expect(steps(await trip.said(0, "status"))[0]?.["command"]).toBe(next);
  expect(await followed(String(next))).toEqual(path);
  await level();
});

it("what adds to one table is met, and another one was altered: both are taken in by the command of the first", async () => {
  await trip.source.sql(`ALTER TABLE \`${t}\` ADD COLUMN z INT`);
  await trip.source.sql("ALTER TABLE other MODIFY n BIGINT");
  await trip.source.sql("UPDATE other SET n = 5000000000");
  expect(error(await trip.said(6, ...ready))["next"]).toBe(recopy);
  expect(await followed(recopy)).toEqual([recopy, `${recopy} --yes`, "headgate run"]);
  await level();
});

it.each([
  ["renamed", [`RENAME TABLE \`${t}\` TO gone`], [`RENAME TABLE gone TO \`${t}\``]],
  ["dropped", [`DROP TABLE \`${t}\``], [made, `INSERT INTO \`${t}\` VALUES (9, 'new', 9)`]],
])(
  "a table is %s: it says that nothing goes on before it is back, and then it does",
  async (_, away, back) => {
    for (const sql of away) await trip.source.sql(sql);
    const stopped = await trip.said(6, ...ready);
    const advice = `${t} is gone or was renamed, or is left out now. Change that back at the source or in headgate.yaml (what is gone: RENAME TABLE, or CREATE TABLE as it was), then ${recopy}; or begin a new migration.`;
    expect(error(stopped)["next"]).toBe(advice);
    // What is no command as it stands is none for a script either.
    expect(steps(stopped)).toEqual([]);
    expect(steps(await trip.said(0, "status"))).toEqual([
      { why: expect.stringContaining("brought back first") as string, command: recopy },
    ]);
    expect(error(await trip.said(3, "plan", "--amend"))["next"]).toBe(advice);
    const refused = error(await trip.said(3, "recopy", t));
    expect(refused["sentence"]).toContain(`${t} is gone`);
    expect(refused["next"]).toContain("then the same command again");
    for (const sql of back) await trip.source.sql(sql);
    const path = await followed(recopy);
    expect(path.at(-1)).toBe("headgate run");
    await level();
  },
);

describe("keys and CHECKs that the source drops are gone on the target", () => {
  const upon = async (): Promise<readonly (string | null | undefined)[]> => {
    const found = await trip.target.sql(
      "SELECT pg_get_constraintdef(oid) AS is FROM pg_constraint WHERE conrelid = 'other'::regclass AND contype IN ('u', 'c') ORDER BY 1",
    );
    return found.map(({ is }) => is);
  };
  const changed = async (...statements: readonly string[]): Promise<readonly string[]> => {
    for (const sql of statements) await trip.source.sql(sql);
    const path = await followed(String(error(await trip.said(6, ...ready))["next"]));
    await level();
    return path;
  };

  it("they come by an addition", async () => {
    const more = "ALTER TABLE other ADD UNIQUE k (n), ADD CONSTRAINT few CHECK (n > -5)";
    expect(await changed(more)).toEqual(["headgate plan --amend", "headgate run"]);
    expect(await upon()).toEqual(["CHECK ((n > '-5'::integer))", "UNIQUE (n)"]);
  });

  it("a key that is dropped by itself refuses none of the rows that come behind it", async () => {
    const less = ["DROP INDEX k ON other", "INSERT INTO other SELECT id + 10, n FROM other"];
    expect(await changed(...less)).toEqual(["headgate plan --amend", "headgate run"]);
    expect(await upon()).toEqual(["CHECK ((n > '-5'::integer))"]);
  });

  it("a CHECK that is dropped refuses no row of the table that is copied again, which is not made anew for it", async () => {
    const other = "ALTER TABLE other DROP CHECK few, ADD UNIQUE k (id, n)";
    expect(await changed(other, "UPDATE other SET n = -7 WHERE id = 1")).toEqual([
      "headgate recopy other",
      "headgate run",
    ]);
    expect(await upon()).toEqual(["UNIQUE (id, n)"]);
  });
});

it("DDL that was met is left out by nobody's word, and what is printed for that is accepted too", async () => {
  await trip.source.sql("ALTER TABLE other MODIFY n INT UNSIGNED");
  await trip.source.sql("UPDATE other SET n = 4000000000");
  await trip.said(6, ...ready);
  const [kept] = ((await trip.said(0, "status"))["quarantine"] as readonly Said[]).filter(
    ({ state }) => state === "kept",
  );
  const refused = error(await trip.said(64, "skip", "--event", String(kept?.["event"]), "--reason", "no"));
  expect(refused["next"]).toBe("headgate recopy other");
  expect((await followed(String(refused["next"]))).at(-1)).toBe("headgate run");
  await level();
});
