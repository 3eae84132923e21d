import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { planOf } from "../migration.js";
import type { Plan } from "../model.js";
import { catalogue, counter, request, table } from "../plan/example-catalogue.js";
import { column } from "../typemap/example-column.js";
import { NewTables } from "./new-tables.js";

const exclude = ["tmp_*"];
/** `t!` is `t` with a column more. */
const today = (...names: readonly string[]): Promise<Plan> =>
  planOf(
    catalogue(
      names.map((name) =>
        name.endsWith("!")
          ? table(name.slice(0, -1), [counter(), column("note", "int")])
          : table(name, [counter()]),
      ),
    ),
    request({ exclude }),
    ["t"],
  );

const plan = await today("t");

class World {
  /** What the catalogue holds. */
  tables: readonly string[] = ["t"];
  gone: Fault | null = null;
  now = 0;
  reads = 0;
  readonly unread: string[] = [];
  /** Milliseconds that a look takes. */
  takes = 100;
  readonly looked = new NewTables({
    plan,
    replan: async () => {
      this.reads += 1;
      this.now += this.takes;
      if (this.gone !== null) throw this.gone;
      return await today(...this.tables);
    },
    now: () => this.now,
    onUnread: ({ code }) => void this.unread.push(code),
  });
}

it("reads the catalogue again from time to time, and tells of a table that was made meanwhile", async () => {
  const self = new World();
  expect(await self.looked.blocking(false)).toEqual([]);
  self.tables = ["t", "refunds", "tmp_x"];
  self.now += 10_000;
  expect(await self.looked.blocking(false)).toEqual([]);
  self.now += 6_000;
  expect(await self.looked.blocking(false)).toEqual(["tables-not-followed"]);
  self.tables = ["t", "tmp_x"];
  self.now += 16_000;
  expect(await self.looked.blocking(false)).toEqual([]);
  expect(self.reads).toBe(3);
});

it("tells of a table that was altered or dropped without a word in the log (sql_log_bin = 0)", async () => {
  const self = new World();
  expect(await self.looked.blocking(true)).toEqual([]);
  for (const tables of [["t!"], []]) {
    self.tables = tables;
    self.now += 16_000;
    expect(await self.looked.blocking(true)).toEqual(["tables-altered"]);
  }
});

it("always reads it once more when nothing else is in the way, and not at each look after that", async () => {
  const self = new World();
  await self.looked.blocking(false);
  self.now += 2_000;
  self.tables = ["t", "refunds"];
  for (let look = 0; look < 3; look += 1)
    expect(await self.looked.blocking(true)).toEqual(["tables-not-followed"]);
  expect(self.reads).toBe(2);
});

it("knows an online change's table, which is nothing to be followed", async () => {
  const self = new World();
  self.tables = ["t", "_t_gho", "_t_ghc"];
  expect(await self.looked.blocking(true)).toEqual(["online-change"]);
  expect((await today("t", "_t_gho")).tables.map(({ source }) => source)).toEqual(["t"]);
  expect((await today("t", "_t_gho")).fingerprint).toBe(plan.fingerprint);
});

it("does not say that all is in order while it could not look, and tries again soon", async () => {
  const self = new World();
  self.gone = new Fault("connection-lost", "gone");
  expect(await self.looked.blocking(true)).toEqual(["catalogue-unread"]);
  self.gone = null;
  self.now += 2_000;
  expect(await self.looked.blocking(true)).toEqual([]);
});

it("tells why it could not be read, once for each reason, and again after it could", async () => {
  const self = new World();
  const look = async (gone: Fault | null): Promise<void> => {
    self.gone = gone;
    self.now += 16_000;
    await self.looked.blocking(false);
  };
  await look(new Fault("grant-missing", "no SELECT"));
  await look(new Fault("grant-missing", "no SELECT"));
  await look(new Fault("connection-lost", "gone"));
  await look(null);
  await look(new Fault("connection-lost", "gone"));
  expect(self.unread).toEqual(["grant-missing", "connection-lost", "connection-lost"]);
});

it("is not read all the time where what else is in the way comes and goes", async () => {
  const self = new World();
  await self.looked.blocking(false);
  self.tables = ["t", "refunds"];
  // 6 seconds, each look another word than the one before.
  for (let look = 0; look < 30; look += 1) {
    await self.looked.blocking(look % 2 === 0);
    self.now += 200;
  }
  expect(self.reads).toBeLessThanOrEqual(4);
  expect(await self.looked.blocking(true)).toEqual(["tables-not-followed"]);
});

it("takes a large catalogue no more often than it is cheap", async () => {
  const self = new World();
  self.takes = 3_000;
  await self.looked.blocking(false);
  self.now += 59_000;
  await self.looked.blocking(false);
  expect(self.reads).toBe(1);
  self.now += 2_000;
  await self.looked.blocking(false);
  expect(self.reads).toBe(2);
});
