/** A connection that we speak ourselves, whose statements may take as long as they do. */
import { Fault } from "../../../src/errors.js";
import type { MysqlOptions } from "../connection.js";
import { untilLifted, withoutLimit } from "../statement-limit.js";
import { Wire } from "./wire.js";

/** Connects, logs in and lifts the server's limit on a statement's time. A statement that was cut off ends its connection, as every failure does: another one is opened then. */
export async function openLifted(options: MysqlOptions, bufferSize?: number): Promise<Wire> {
  return untilLifted(
    async () => {
      const wire = await Wire.open(options, bufferSize);
      try {
        await wire.query(withoutLimit);
        return wire;
      } catch (error) {
        await wire[Symbol.asyncDispose]();
        throw error;
      }
    },
    (error) => (error instanceof Fault ? error.facts["errno"] : null),
  );
}
