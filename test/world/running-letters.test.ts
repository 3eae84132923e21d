/** The fence sees who is in the server whatever they say: a statement that holds a letter past U+FFFF blinds no look at it. */
import { expect, it } from "vitest";
import { Connection } from "../../connectors/mysql/connection.js";
import { runningNow } from "../../connectors/mysql/night/running.js";
import { engineName } from "./accounts.js";
import { sourceDatabase } from "./source-database.js";

it("sees the sessions beside a statement with an emoji", async () => {
  await using source = await sourceDatabase("hg_letters", "mysql9");
  await source.sql(`GRANT PROCESS ON *.* TO '${engineName(source.name)}'@'%'`);
  await using looking = await Connection.open(source.options);
  const speaking = { going: true };
  const end = source.sql("SELECT SLEEP(0.4), 'naïve 🚀'").finally(() => (speaking.going = false));
  let looks = 0;
  // Until it has ended: some of these looks are beside it.
  do looks += (await runningNow(looking)).length;
  while (speaking.going);
  await end;
  expect(looks).toBeGreaterThan(0);
});
