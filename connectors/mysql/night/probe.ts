/**
 * Whether a fenced account can write to the source: it logs in and tries an UPDATE that changes no row.
 */
import type { Probe } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { MysqlOptions } from "../connection.js";

/** `server`: logged in as one of the fenced accounts. Opens nothing before it is asked. */
export function sourceProbe(server: MysqlOptions, plan: Plan): Probe {
  throw new Fault("not-built-yet", `A probe of ${server.host} for ${plan.migration} is not built yet.`);
}
