/**
 * The two ends of a migration that are no switch: given up while it copies, while it is ready, and after a way back; and
 * completed. Each leaves both servers as they were before it, but for the ledger; killed in the middle, the same command ends
 * it. What two migrations of one source share stays for the one that goes on.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { another, dies, objectsOf } from "./leaving-world.js";
import { nightJourney, shopTables } from "./night-journey.js";
import type { NightJourney, Said } from "./night-journey.js";

const gate = process.env["HEADGATE_GATE"] === "1";

/** Several processes one after the other, beside whatever else the machine does. */
const patience = 300_000;

const killed = (said: Said): void => {
  expect([said.code, said.stdout], said.stderr).toEqual([null, expect.any(String)]);
};
const done = (said: Said): Said => {
  expect(said.code, said.stdout + said.stderr).toBe(0);
  return said;
};
const refused = (said: Said, exit: number, code: string, words: RegExp): void => {
  expect([said.code, said.last["error"]], said.stdout + said.stderr).toEqual([
    exit,
    expect.objectContaining({ code, sentence: expect.stringMatching(words) as string }),
  ]);
};

describe("a migration that is given up, and one that is completed", () => {
  const name = "given_up";
  let night: NightJourney;
  let before: readonly string[];
  let id = 0;

  beforeAll(async () => {
    night = await nightJourney(name);
    await night.source.sql("DROP DATABASE IF EXISTS headgate");
    await shopTables(night.source);
    await night.source.sql("ALTER TABLE entries ADD COLUMN kind ENUM('a', 'b') NULL");
    before = await objectsOf(night, name);
    night.app.start();
    await night.app.more(5);
  });
  afterAll(async () => {
    await night[Symbol.asyncDispose]();
  });

  const begins = (): void => another(night, `${night.migration}_${String((id += 1))}`);
  const ready = async (): Promise<void> => {
    done(await night.headgate(["run", "--until", "ready"]));
  };

  it(
    "is refused before it has begun",
    async () => {
      refused(await night.headgate(["abandon", "--yes"]), 64, "usage", /has not begun/u);
    },
    patience,
  );

  it(
    "while it copies: a yes is wanted, the dry run changes nothing, and nothing is left",
    async () => {
      await night.headgate(["run", "--until", "copied", "--hold", "entries"]);
      const during = await objectsOf(night, name);
      expect(during).toContain("source table headgate.marker_main");
      refused(await night.headgate(["abandon"]), 64, "confirm-missing", /nobody has said yes/u);
      const would = done(await night.headgate(["abandon", "--dry-run"])).last;
      expect(would["traces"]).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ side: "source", object: "table headgate.marker_main", goes: true }),
          expect.objectContaining({ side: "source", object: "database headgate", goes: true }),
          expect.objectContaining({ side: "target", object: 'table "public"."counters"', goes: true }),
        ]),
      );
      expect(await objectsOf(night, name)).toEqual(during);
      const said = done(await night.headgate(["abandon", "--yes"]));
      expect(said.last).toMatchObject({ verb: "abandon", state: "abandoned", keepTarget: false, left: [] });
      expect(await objectsOf(night, name)).toEqual(before);
      expect(done(await night.headgate(["status"])).last).toMatchObject({
        state: "abandoned",
        blocking: ["abandoned"],
      });
      for (const verb of [["run"], ["verify"], ["recopy", "audit"]])
        refused(await night.headgate(verb), 64, "abandoned", /was abandoned/u);
    },
    patience,
  );

  it(
    "while it is ready: not beside an engine; killed at each part, the same command ends it",
    async () => {
      begins();
      const engine = night.engine();
      await engine.logged(/"msg":"ready"/u);
      refused(await night.headgate(["abandon", "--yes"]), 4, "claimed", /works on this migration/u);
      await engine.stop();
      expect(await objectsOf(night, name)).toEqual(
        expect.arrayContaining([
          "source table headgate.reverse_lane",
          expect.stringMatching(/^target slot /u),
        ]),
      );
      killed(await night.headgate(["abandon", "--yes"], dies(night, "abandoned", "entered")));
      refused(await night.headgate(["run"]), 64, "abandoned", /is being abandoned/u);
      for (const [part, phase] of [
        ["way-back", "done"],
        ["source-database", "done"],
        ["built", "done"],
      ] as const)
        killed(await night.headgate(["abandon", "--yes"], dies(night, part, phase)));
      done(await night.headgate(["abandon", "--yes"]));
      expect(await objectsOf(night, name)).toEqual(before);
    },
    patience,
  );

  it(
    "after a way back: refused while the target is open, and what is to be kept is kept for good",
    async (context) => {
      if (!gate) context.skip("a whole night more: in the gate");
      begins();
      await ready();
      done(await night.headgate(["cutover", "--until", "soaking"]));
      refused(await night.headgate(["abandon", "--yes"]), 64, "cutover-refused", /The target is open/u);
      done(await night.headgate(["rollback"]));
      const said = done(await night.headgate(["abandon", "--yes", "--keep-target"]));
      const mine = (await objectsOf(night, name)).filter((line) => !before.includes(line));
      expect(mine.length).toBeGreaterThan(5);
      expect(mine.filter((line) => !/^target (?:[riS] public\.|type )/u.test(line))).toEqual([]);
      // Not by a second word either.
      done(await night.headgate(["abandon", "--yes"]));
      expect((await objectsOf(night, name)).filter((line) => !before.includes(line))).toEqual(mine);
      begins();
      const anew = await night.headgate(["run", "--until", "ready"]);
      expect([anew.code, JSON.stringify(anew.last["findings"])]).toEqual([
        3,
        expect.stringContaining("target-not-empty"),
      ]);
      const drop = said.last["drop"] as readonly { readonly side: string; readonly sql: string }[];
      for (const { side, sql } of drop)
        if (side === "target" && sql.startsWith("DROP TABLE")) await night.target.sql(sql);
      expect(await objectsOf(night, name)).toEqual(before);
    },
    patience,
  );

  it(
    "completed: killed at each part, the same command ends it and says what a person drops",
    async (context) => {
      if (!gate) context.skip("killed at each part while it is ready; completed, in the gate");
      begins();
      await ready();
      done(await night.headgate(["cutover", "--until", "soaking"]));
      for (const part of ["way-back", "source-database", "archive"])
        killed(await night.headgate(["complete"], dies(night, part, "about-to")));
      const said = done(await night.headgate(["complete"]));
      expect(said.last).toMatchObject({ verb: "complete", state: "completed" });
      expect(JSON.stringify(said.last["drop"])).toMatch(/REVOKE .*DROP ROLE/u);
      const ours = (await objectsOf(night, name)).filter((line) =>
        /headgate|slot|publication|origin/u.test(line),
      );
      expect(ours).toEqual([]);
      refused(await night.headgate(["abandon", "--yes"]), 64, "cutover-refused", /complete/u);
      expect(done(await night.headgate(["complete"])).last).toMatchObject({ state: "completed" });
    },
    patience,
  );
});

describe.each(["mysql9", "mariadb"] as const)("two migrations of one source, %s", (server) => {
  const names = [`pair_a_${server}`, `pair_b_${server}`] as const;
  const nights: NightJourney[] = [];

  /** One source of the two in `npm test`. */
  const runs = gate || server === "mysql9";

  beforeAll(async () => {
    if (!runs) return;
    for (const name of names) nights.push(await nightJourney(name, [], server));
    await nights[0]?.source.sql("DROP DATABASE IF EXISTS headgate");
    for (const night of nights) {
      await shopTables(night.source);
      night.app.start();
      await night.app.more(3);
    }
  });
  afterAll(async () => {
    for (const night of nights) await night[Symbol.asyncDispose]();
  });

  it(
    "one is given up, and the other goes on; the last one takes what they shared with it",
    async (context) => {
      if (!runs) context.skip("from the other source in the gate");
      const [first, second] = nights;
      if (first === undefined || second === undefined) throw new Error("two nights");
      const other = second.engine();
      done(await first.headgate(["run", "--until", "ready"]));
      await other.logged(/"msg":"ready"/u);
      const said = done(await first.headgate(["abandon", "--yes"]));
      expect(said.last["left"]).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ object: "table headgate.marker_main", goes: false }),
          expect.objectContaining({ object: "database headgate", goes: false }),
        ]),
      );
      await second.app.more(10);
      // Nobody is left who could write through the other one's fence.
      await first.source.sql(`DROP USER '${`adm_${names[0]}`.slice(0, 16)}'@'%'`);
      // Its start marker is proven again by the next engine.
      await other.stop();
      done(await second.headgate(["cutover", "--until", "soaking"]));
      await second.app.more(5);
      await second.app.stop();
      done(await second.headgate(["complete"]));
      for (const [at, night] of nights.entries())
        expect((await objectsOf(night, names[at] ?? "")).filter((line) => /headgate/u.test(line))).toEqual(
          [],
        );
    },
    patience,
  );
});
