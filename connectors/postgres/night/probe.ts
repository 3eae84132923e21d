/**
 * Whether a role that is shut out can write to the target: it logs in and tries an UPDATE that changes no row.
 */
import type { Probe } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { PostgresOptions } from "../connection.js";

/** `server`: logged in as one of the roles. Opens nothing before it is asked. */
export function targetProbe(server: PostgresOptions, plan: Plan): Probe {
  throw new Fault("not-built-yet", `A probe of ${server.url.length} for ${plan.migration} is not built yet.`);
}
