/** Asking the source again and again what its reads show: on one session, and on a new one where the server has ended that. */
import { expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { sourceDatabase } from "./source-database.js";

it("is asked on one session, which the server may end between two questions", async () => {
  await using database = await sourceDatabase("visible", "mysql9");
  await using source = await openMysql(database.options);
  const { signal } = new AbortController();
  await source.prepareMarkers(["main"]);
  const position = await source.position();
  const sessions = async (): Promise<string[]> =>
    (
      await database.sql(
        `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${database.options.user}' ORDER BY ID`,
      )
    ).map(([id]) => id ?? "");
  const before = await sessions();
  await source.seen("main", position, signal);
  const first = (await sessions()).filter((id) => !before.includes(id));
  expect(first).toHaveLength(1);
  await source.seen("main", position, signal);
  expect((await sessions()).filter((id) => !before.includes(id))).toEqual(first);
  for (const id of first) await database.sql(`KILL ${id}`);
  await source.seen("main", position, signal);
  const second = (await sessions()).filter((id) => !before.includes(id));
  expect(second).toHaveLength(1);
  expect(second).not.toEqual(first);
});
