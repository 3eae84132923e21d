/**
 * `npm run schema`: writes headgate.schema.json and the table of keys in docs/config.md from the zod schema. Both are
 * checked in, because editors and readers have no build; a unit test fails when they are old.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { jsonSchemaText } from "../../src/config/json-schema.js";
import { withKeyTable } from "../../src/config/key-table.js";

writeFileSync("headgate.schema.json", jsonSchemaText());
writeFileSync("docs/config.md", withKeyTable(readFileSync("docs/config.md", "utf8")));
