import { expect, it } from "vitest";
import { amending, Fault } from "../errors.js";
import type { SourceTable } from "../model.js";
import { catalogue, counter, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import { column } from "../typemap/example-column.js";
import { adviceOn, advised } from "./advice.js";

const columns = [counter(), column("v", "varchar(20)")];
const named = (name: string, own = columns): SourceTable =>
  table(name, own, { indexes: [index("PRIMARY", ["id"])] });
const of = (...tables: readonly SourceTable[]) => plan(catalogue(tables), request());
const made = of(named("t"), named("u"));

it("is the statement's own answer where nothing else has happened", () => {
  const added = of(named("t", [...columns, column("w", "int")]), named("u"));
  expect(adviceOn(made, added, "t", amending)).toBe(amending);
  const altered = of(named("t", [counter(), column("v", "int")]), named("u"));
  expect(adviceOn(made, altered, "t", "headgate recopy t")).toBe("headgate recopy t");
});

it("is no amendment where more than an addition has followed, to whatever table", () => {
  const dropped = of(named("t", [counter(), column("w", "int")]), named("u"));
  expect(adviceOn(made, dropped, "t", amending)).toBe("headgate recopy t");
  const other = of(named("t", [...columns, column("w", "int")]), named("u", [counter()]));
  expect(adviceOn(made, other, "t", amending)).toBe("headgate recopy t");
  expect(adviceOn(made, other, "t", `${amending} passes this statement, then headgate run`)).toBe(
    "headgate recopy t",
  );
});

it("names what no command takes in, and what to do before one does", () => {
  expect(adviceOn(made, of(named("u")), "t", "headgate recopy t")).toBe(
    "t is gone or was renamed, or is left out now. Change that back at the source or in headgate.yaml (what is gone: RENAME TABLE, or CREATE TABLE as it was), then headgate recopy t; or begin a new migration.",
  );
  const many = of(...Array.from({ length: 8 }, (_, i) => named(`t${String(i)}`)));
  const none = adviceOn(many, of(named("other")), "t0", "headgate recopy t0");
  expect(none).toMatch(/^t0 is gone.* t4 is gone [^.]*\. And so 3 more\. Change that back/u);
});

it("stays what it was where the source cannot be asked, with the reason", async () => {
  const fault = new Fault("schema-changed", "t at 1", { next: "headgate recopy t", facts: { at: "1" } });
  const told = (now: () => Promise<typeof made>): Promise<Fault> => advised(fault, { made, table: "t", now });
  expect(await told(() => Promise.resolve(made))).toBe(fault);
  expect(await told(() => Promise.resolve(of(named("u"))))).toMatchObject({
    code: "schema-changed",
    message: "t at 1",
    next: expect.stringContaining("t is gone") as string,
    facts: { at: "1" },
  });
  const lost = new Fault("connection-lost", "The source has gone away.");
  expect(await told(() => Promise.reject(lost))).toMatchObject({
    code: "schema-changed",
    next: "headgate recopy t",
    facts: { at: "1", unread: "The source has gone away." },
    cause: lost,
  });
  const bug = new TypeError("not foreseen");
  await expect(told(() => Promise.reject(bug))).rejects.toBe(bug);
});
