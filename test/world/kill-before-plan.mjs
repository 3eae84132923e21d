// Preloaded into a headgate process: it dies by -9 just before plan.json becomes another file, which is after the ledger has
// taken another plan and before the folder beside the config says so.
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { rename } = promises;
promises.rename = async (from, to) => {
  if (String(to).endsWith("plan.json")) process.kill(process.pid, "SIGKILL");
  await rename(from, to);
};
syncBuiltinESMExports();
