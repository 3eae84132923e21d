/**
 * JSON for the oracle: one text for all documents that are equal as values. Numbers are compared by their exact
 * decimal value, never as doubles; object keys are sorted; of duplicate keys the last one counts.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;

export function canonicalJson(text: string): string {
  const tagged = text.replace(TOKEN, (token) =>
    token.startsWith('"') ? token.replace(/^"/u, '"s') : `"n${decimal(token)}"`,
  );
  // Keys are tagged like strings, which changes nothing in their order or equality.
  return JSON.stringify(JSON.parse(tagged), (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : value,
  );
}

/** 1.50e1, 15 and 15.0 all become `15e0`; 0 and -0.0 become `0`. */
function decimal(token: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/u.exec(token);
  if (match === null) throw new Error(`Not a JSON number: ${token}`);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/u, "");
  if (digits === "") return "0";
  const trimmed = digits.replace(/0+$/u, "");
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - trimmed.length);
  return `${sign}${trimmed}e${String(power)}`;
}
