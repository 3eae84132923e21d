/** Loaded into Headgate's process by --import: writes what the whole process used, when it ends. */
import { writeFileSync } from "node:fs";

const path = process.env["HEADGATE_BENCH_USAGE"];
if (path !== undefined)
  process.on("exit", () => {
    writeFileSync(path, JSON.stringify(process.resourceUsage()));
  });
