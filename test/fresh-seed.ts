/**
 * Where random tests begin. In `npm test` at the same place every time: what is red there was made red by a change, and
 * is red again for whoever looks. In the gate, and with HEADGATE_FRESH=1, somewhere new, which the test prints.
 */

/** Whether this run looks where no run has looked before. */
export const fresh = process.env["HEADGATE_GATE"] === "1" || process.env["HEADGATE_FRESH"] === "1";

const same = 20_261_127;

/** A seed below 2^31 - 2^16, so that a test may count on from it. */
export function freshSeed(): number {
  return fresh ? Math.floor(Math.random() * 0x7fff0000) : same;
}
