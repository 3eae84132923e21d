/**
 * What the source says against a batch of the way back, told as the fault that it is for the stream. Only a value that its
 * type does not hold and a constraint that the target does not have are a change's own fault; a lock, a cancelled
 * statement, a server that takes no writes pass, and the same batch is written again. Everything else stays what
 * server-error.ts made of it, and no change is blamed for it.
 */
import { Fault } from "../../../src/errors.js";
import type { FaultCode } from "../../../src/errors.js";

const codes: ReadonlyMap<number, FaultCode> = new Map([
  ...each("value-refused", [
    1048, // NULL in a column that has none
    1118, // row too large
    1153, // longer than max_allowed_packet
    1210,
    1264,
    1265,
    1292,
    1300,
    1366,
    1367,
    1406,
    1411,
    1416,
    1525,
    1526,
    1690,
    1918,
    1977,
    3037,
    3055,
    3140,
    3141,
    3143,
    3144,
    3146,
    3150,
    3156,
    3157,
    3548,
    3617,
    3643,
    3732,
    3854,
    3903,
    4078,
    4079,
    6136,
    6137,
    6138,
  ]),
  ...each(
    "constraint-refused",
    [1022, 1062, 1169, 1216, 1217, 1451, 1452, 1557, 1586, 1644, 1761, 1762, 3819, 4025],
  ),
  // Interrupted; read-only; super-read-only; MariaDB's own of the same.
  ...each("source-busy", [1290, 1317, 1836, 3024, 1969]),
]);

function each(code: FaultCode, numbers: readonly number[]): (readonly [number, FaultCode])[] {
  return numbers.map((number) => [number, code] as const);
}

/** The same fault, or one with the stream's own code. Facts: table, no row's values. */
export function refusalOf(error: unknown, table: string): unknown {
  if (!(error instanceof Fault)) return error;
  if (error.code === "value-refused" && error.facts["table"] === undefined)
    return new Fault(error.code, `${table}: ${error.message}`, {
      facts: { ...error.facts, table },
      next: error.next,
      cause: error,
    });
  if (error.code !== "source-refused" && error.code !== "source-busy") return error;
  const code = codes.get(Number(error.facts["errno"]));
  if (code === undefined || code === error.code) return error;
  return new Fault(code, `${table}: ${error.message}`, {
    facts: { ...error.facts, table },
    next: "headgate status",
    cause: error,
  });
}
