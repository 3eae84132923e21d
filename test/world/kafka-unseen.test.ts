/**
 * I17 where Kafka Connect is not named: a connector that somebody has registered by hand fills the topics, all of it is
 * copied and followed, and there is no ready and no cutover, with the line that leads on. Named, the same migration gets
 * ready. Topics of a connector that has one a table are refused without it, before anything is written.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { feedLine, kafkaWorld } from "./kafka-world.js";
import type { KafkaWorld, OtherConnector } from "./kafka-world.js";
import { nightJourney } from "./night-journey.js";
import type { NightJourney } from "./night-journey.js";

/** A migration whose feed is Kafka's and whose headgate.yaml does not name Connect. */
async function unseen(name: string, kafka: KafkaWorld): Promise<NightJourney> {
  const { broker, prefix } = kafka.place;
  const one = await nightJourney(name, [feedLine({ broker, prefix })]);
  await one.source.sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))");
  await one.source.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  return one;
}

const connectorOn = ({ source }: NightJourney): OtherConnector => ({
  engine: "mysql",
  database: source.options,
  tables: ["t"],
  lanes: ["main"],
  format: "json",
});

it("without Connect it follows and is never ready; named, it is", async () => {
  const name = "hg_kafka_unseen";
  await using kafka = await kafkaWorld(name);
  await using one = await unseen(name, kafka);
  expect((await one.headgate(["check"])).last["findings"]).toContainEqual(
    expect.objectContaining({
      code: "connector-by-hand",
      sentence: expect.stringContaining("no ready and no cutover") as string,
    }),
  );
  await kafka.other({ ...connectorOn(one), byHand: true });
  const engine = one.engine();
  await engine.logged(/connector-unseen/u);
  await one.source.sql("UPDATE t SET v = 'followed' WHERE id = 2");
  await expect
    .poll(() => one.target.sql("SELECT v FROM t WHERE id = 2"), { timeout: 30_000 })
    .toEqual([{ v: "followed" }]);
  const named = expect.stringContaining("Name feed.kafka.connect") as string;
  const blocking = async (): Promise<unknown> => (await one.headgate(["status"])).last["blocking"];
  // What keeps it back beside that is the way back, which is made when nothing else does; and the first look, which takes its time.
  await expect.poll(blocking, { timeout: 60_000 }).toEqual(["connector-unseen", "no-way-back"]);
  const { last } = await one.headgate(["status"]);
  expect(last["nextSteps"]).toMatchObject([{ why: named, command: "headgate run" }]);
  const refused = await one.headgate(["cutover"]);
  expect(refused).toMatchObject({ code: 2, last: { error: { code: "not-ready", next: named } } });
  await engine.stop();

  const file = join(one.folder, "headgate.yaml");
  const { broker, prefix } = kafka.place;
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(feedLine({ broker, prefix }), feedLine(kafka.place)));
  const ended = await one.headgate(["run", "--until", "ready"]);
  expect(ended).toMatchObject({ code: 0, last: { state: "ready", blocking: [] } });
});

it("topics of one a table are refused by check where Connect is not named", async () => {
  const name = "hg_kafka_strange";
  await using kafka = await kafkaWorld(name);
  await using one = await unseen(name, kafka);
  await using source = await openMysql(one.source.options);
  await source.prepareMarkers(["main"]);
  await kafka.other(connectorOn(one));
  // The connector begins at a now of its own, which may lie behind the first of them.
  const checked = async (): Promise<unknown> => {
    await source.mark("main", "it shows the connector");
    return (await one.headgate(["check"])).last;
  };
  await expect.poll(checked, { timeout: 60_000 }).toMatchObject({
    exit: 3,
    findings: expect.arrayContaining([
      expect.objectContaining({ code: "connect-not-named", severity: "error" }),
    ]) as unknown,
  });
});
