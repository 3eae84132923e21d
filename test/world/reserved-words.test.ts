/** The list of reserved words is the server's own, word for word, so that a new version shows what it added. */
import { expect, it } from "vitest";
import { reservedWords } from "../../src/safety/reserved.js";
import { targetDatabase } from "./target-database.js";

it("is what pg_get_keywords() reserves", async () => {
  await using target = await targetDatabase("hg_reserved_words");
  const rows = await target.sql(
    "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T') ORDER BY word COLLATE \"C\"",
  );
  expect([...reservedWords()].sort()).toEqual(rows.map((row) => row["word"]));
});
