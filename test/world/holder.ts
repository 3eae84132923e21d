/**
 * An engine that does nothing but hold: claims the plan in HOLDER_PLAN on HOLDER_URL, builds its tables, records one
 * range for the first, leases it, says "leased" and waits to be killed.
 */
import "./engine-only.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import type { Plan } from "../../src/model.js";

const plan = JSON.parse(process.env["HOLDER_PLAN"] ?? "") as Plan;
const target = await openPostgres({
  url: process.env["HOLDER_URL"] ?? "",
  tls: { mode: "off" },
  engine: { host: "holder", pid: process.pid },
});
const ledger = await target.claim(plan);
for (const statement of plan.before) await ledger.build(statement, new AbortController().signal);
const [table] = plan.tables;
if (table === undefined) throw new Error("the plan has no table");
await ledger.addRanges(table.source, [{ table: table.source, number: 0, lower: null, upper: null }]);
const loader = await ledger.loader();
await loader.lease([table.source]);
await loader.open(table, true);
process.stdout.write("leased\n");
