/**
 * MariaDB's UUID, INET4 and INET6: bytes in the log, text in the protocol, as the server itself prints them. The log
 * calls them BINARY, and only the catalogue knows better; zeros at the end are left out as those of BINARY are.
 */
import { misfit } from "../../../src/typemap/misfit.js";
import { callReading } from "./reading.js";
import type { Reading } from "./reading.js";

/** null for types that are none of these. */
export function networkReading(type: string): Reading | null {
  switch (type) {
    case "uuid":
      return reading(16, uuidText);
    case "inet4":
      return reading(4, (address) => address.join("."));
    case "inet6":
      return reading(16, inet6Text);
    default:
      return null;
  }
}

function reading(size: number, text: (bytes: Buffer) => string): Reading {
  const full = Buffer.alloc(size);
  return callReading((source, at, length, row) => {
    if (length > size) throw misfit("address or UUID");
    source.copy(full, 0, at, at + length);
    full.fill(0, length);
    row.ascii(text(full));
  });
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The longest run of zero groups is `::`, a single one too; the last four bytes of mapped and compatible addresses are dotted. */
function inet6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2));
  const dotted = bytes.subarray(12).join(".");
  if (groups.slice(0, 5).every((group) => group === 0)) {
    if (groups[5] === 0xffff) return `::ffff:${dotted}`;
    if (groups[5] === 0 && groups[6] !== 0) return `::${dotted}`;
  }
  let start = -1;
  let length = 0;
  for (let i = 0; i < 8;) {
    let next = i;
    while (next < 8 && groups[next] === 0) next++;
    if (next - i > length) {
      start = i;
      length = next - i;
    }
    i = next > i ? next : i + 1;
  }
  const texts = groups.map((group) => group.toString(16));
  if (start < 0) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}
