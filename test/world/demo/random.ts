/** Seeded randomness for generated data: the same seed gives the same shop on every machine (mulberry32). */
export interface Random {
  /** An integer in [0, below). */
  int(below: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** True once in `n`. */
  oneIn(n: number): boolean;
  bytes(length: number): Buffer;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const int = (below: number): number => next() % below;
  return {
    int,
    pick: (list) => list[int(list.length)] ?? list[0],
    oneIn: (n) => int(n) === 0,
    bytes: (length) => {
      const out = Buffer.alloc(length);
      for (let i = 0; i < length; i++) out[i] = next() & 255;
      return out;
    },
  };
}
