/** What a whole feed makes of topics that are not what they should be: it applies exactly, or stops. */
import { expect, it } from "vitest";
import { applied, readAll, Topics } from "./topics.fixture.js";

it("takes no other server's transaction for a repeat, where MariaDB's numbers do not grow", async () => {
  const topics = new Topics();
  for (const [at, gtid] of ["0-1-119", "0-1-120", "0-2-119", "0-2-120"].entries())
    topics.insert(gtid, { id: at, v: 1 });
  const run = { inMemory: topics, engine: "mariadb", from: applied("0-1-118") } as const;
  const { sink, fault } = await readAll(run);
  expect(fault).toMatchObject({
    code: "log-refused",
    message: expect.stringContaining("has 0-2-119 behind 0-1-119") as string,
  });
  expect(sink.log).toEqual(['0-1-119 insert a {"id":0,"v":1}', '0-1-120 insert a {"id":1,"v":1}']);
  // Nothing is remembered from one reading to the next but where it ended.
  topics.insert("0-1-121", { id: 5, v: 1 });
  const again = await readAll({ ...run, sink });
  expect([again.fault?.code, sink.log.length]).toEqual(["log-refused", 2]);
});
