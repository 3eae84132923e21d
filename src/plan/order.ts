/**
 * One order and one JSON for everything in a plan. Names are sorted by code unit, never by locale, so that the same
 * catalogue gives the same bytes on every machine; canonical JSON sorts keys for the fingerprint.
 */

/** Compares by UTF-16 code unit. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A sorter by several texts in turn. */
export function byTexts<T>(texts: (item: T) => readonly string[]): (a: T, b: T) => number {
  return (a, b) => {
    const right = texts(b);
    for (const [place, text] of texts(a).entries()) {
      const order = byCodeUnit(text, right[place] ?? "");
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** JSON with object keys in code unit order and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => byCodeUnit(a, b));
    return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
