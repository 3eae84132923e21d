/**
 * An engine that stands still in the middle of a batch: claims the plan in HOLDER_PLAN on HOLDER_URL, writes a batch of one
 * row (its tuple in HOLDER_TUPLE) without committing, and says "written". Told to go on, it commits, begins again and
 * opens a new lane, and says what each came to.
 */
import { once } from "node:events";
import "./engine-only.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";

const plan = JSON.parse(process.env["HOLDER_PLAN"] ?? "") as Plan;
const bytes = Buffer.from(process.env["HOLDER_TUPLE"] ?? "", "hex");
const target = await openPostgres({
  url: process.env["HOLDER_URL"] ?? "",
  tls: { mode: "off" },
  engine: { host: "holder", pid: process.pid },
});
const ledger = await target.claim(plan);
const writer = await ledger.lane("one");
const batch = await writer.begin(0n);
const none = { rows: 0, bytes: 0, chunks: [] };
const inserts = { rows: 1, bytes: bytes.length, chunks: [bytes] };
const [table] = plan.tables;
if (table === undefined) throw new Error("the plan has no table");
const changes = [{ table, deletes: none, updates: none, inserts, touched: none }];
await batch.write({ kind: "rows", strict: true, changes });
process.stdout.write("written\n");
await once(process.stdin, "data");

async function told(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return "done";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

const said = [
  await told(() => batch.commit({ kind: "file", file: "zombie", offset: "1" })),
  await told(() => batch.abort()),
  await told(() => writer.begin(0n)),
  await told(() => ledger.lane("one")),
  await told(() => ledger.setState("ready")),
];
process.stdout.write(`${said.join(" ")}\n`);
process.exit(0);
