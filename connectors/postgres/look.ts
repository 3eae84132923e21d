/** One consistent view of the target for comparing (design.md, decision 10). */
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";
import type { TargetLook } from "../../src/verify-port.js";
import type { PostgresOptions } from "./connection.js";

export async function openLook(
  _options: PostgresOptions,
  _plan: Plan,
  _slots: number,
): Promise<TargetLook | null> {
  return await Promise.reject(new Fault("not-built-yet", "Comparing is not built yet."));
}
