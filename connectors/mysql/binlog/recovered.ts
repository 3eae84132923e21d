/**
 * Servers whose log has an XA transaction at its commit only (MySQL before 5.7, MariaDB before 10.5) forget the log after
 * a crash: what was prepared then is committed without a word in it, and no reader of the log would ever know. A restart
 * begins a new file, so that whoever comes from an older one must find nothing prepared.
 */
import { Fault } from "../../../src/errors.js";
import type { Position } from "../../../src/model.js";
import { atLeast } from "../position.js";
import type { ServerAsked } from "./continuity.js";
import { compareFiles } from "./log-file.js";

/** Faults: log-refused. */
export async function demandNothingRecovered(
  { ask, engine }: ServerAsked,
  version: string,
  from: readonly Position[],
): Promise<void> {
  if (engine === "mariadb" ? atLeast(version, 10, 5) : atLeast(version, 5, 7)) return;
  const newest = (await ask("SHOW BINARY LOGS")).at(-1)?.[0] ?? "";
  if (newest === "") return;
  const behind = from.some(({ file }) => compareFiles({ file, offset: 0 }, { file: newest, offset: 0 }) < 0);
  if (!behind) return;
  const prepared = await ask("XA RECOVER");
  if (prepared.length === 0) return;
  throw new Fault(
    "log-refused",
    `${String(prepared.length)} prepared XA transaction(s) are on the source, which may have been restarted since: ${engine === "mariadb" ? "MariaDB" : "MySQL"} ${version} commits such ones without writing them to its log.`,
    {
      next: "XA RECOVER on the source: end them there; headgate recopy TABLE for those that a committed one wrote to, then headgate run.",
      facts: { count: prepared.length },
    },
  );
}
