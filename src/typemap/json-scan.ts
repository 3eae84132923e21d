/**
 * Looks at JSON text byte by byte without taking it apart: whether it is spelled as jsonb spells already, and where the
 * next thing begins. Every document goes through here once.
 */

/** Whether MySQL's text is jsonb's already: no \u escape in strings, no exponent and no -0 outside of them. */
export function isSpelled(source: Buffer, at: number, end: number): boolean {
  let q = at;
  while (q < end) {
    const byte = source[q] as number;
    if (byte === 34) {
      for (q++; q < end; q++) {
        const inside = source[q] as number;
        if (inside === 34) break;
        if (inside === 92 && source[++q] === 117) return false;
      }
    } else if (byte === 101 || byte === 69) {
      const before = source[q - 1] as number;
      if (before >= 48 && before <= 57) return false;
    } else if (byte === 45 && source[q + 1] === 48) return false;
    q++;
  }
  return true;
}

export function skipBlanks(source: Buffer, at: number, end: number): number {
  let q = at;
  while (q < end) {
    const byte = source[q];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    q++;
  }
  return q;
}
