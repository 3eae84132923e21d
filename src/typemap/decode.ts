/**
 * PostgreSQL's binary fields as text, for the types that several families share. The text is what the source takes
 * back, so booleans are 0 and 1 and bytes are lower-case hex.
 */

/** smallint, integer and bigint, told apart by their length. */
export function integerText(field: Buffer): string {
  if (field.length === 2) return String(field.readInt16BE(0));
  if (field.length === 4) return String(field.readInt32BE(0));
  return field.readBigInt64BE(0).toString();
}

export function booleanText(field: Buffer): string {
  return field[0] === 0 ? "0" : "1";
}

export function utf8Text(field: Buffer): string {
  return field.toString("utf8");
}

export function hexText(field: Buffer): string {
  return field.toString("hex");
}

/** uuid in its one spelling: lower case, four dashes. */
export function uuidText(field: Buffer): string {
  const hex = field.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
