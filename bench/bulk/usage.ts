/** Loaded into Headgate's process by --import: writes what the whole process used, when it ends. */
import { writeFileSync } from "node:fs";
import { peakMb } from "./peak.js";

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

const path = process.env["HEADGATE_BENCH_USAGE"];
if (path !== undefined)
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { cpuSeconds: (user + system) / 1e6, peakMb: peakMb("self") };
    writeFileSync(path, JSON.stringify(usage));
  });
