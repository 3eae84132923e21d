/** Comparing a few bytes, several times a transaction: a call of Buffer's own `compare` costs more than such a loop. */

/** Whether `known` is what stands in `bytes` from `at` on. */
export function sameBytes(known: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[at + i]) return false;
  return true;
}
