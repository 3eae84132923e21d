/** Rows of the bulk bench as lines for LOAD DATA (tab-separated, \N for NULL), the same for the same table and number of rows. */
import { seeded } from "../../test/world/demo/random.js";
import type { Random } from "../../test/world/demo/random.js";
import type { BigTable } from "./schema.js";

const words = [
  "alpha",
  "bravo",
  "käse",
  "delta",
  "echo",
  "fox trot",
  "golf",
  "höhle",
  "india",
  "naïve",
  "oscar",
  "quebec",
  "sierra",
  "x-ray",
  "日本語",
  "данные",
  "Straße",
] as const;
const emoji = ["😀", "🚀", "🔥", "🍕", "❤️"] as const;
const statuses = ["new", "paid", "packed", "shipped", "returned"] as const;
const states = ["active", "suspended", "deleted", "pending"] as const;
const currencies = ["EUR", "USD", "JPY", "GBP"] as const;
const countries = ["DE", "US", "FR", "JP", "BR", "IN"] as const;
const kinds = ["page_view", "click", "purchase", "login", "error", "api.call"] as const;

const two = (n: number): string => (n < 10 ? `0${String(n)}` : String(n));
const three = (n: number): string => String(n).padStart(3, "0");
const six = (n: number): string => String(n).padStart(6, "0");

function stamp(r: Random): string {
  return `20${two(15 + r.int(11))}-${two(1 + r.int(12))}-${two(1 + r.int(28))} ${two(r.int(24))}:${two(r.int(60))}:${two(r.int(60))}`;
}

function text(r: Random, count: number): string {
  let out = "";
  for (let i = 0; i < count; i++) {
    out += (i > 0 ? " " : "") + r.pick(words);
    if (r.oneIn(23)) out += ` ${r.pick(emoji)}`;
  }
  return out;
}

function escaped(value: string): string {
  return /[\\\t\n\r]/u.test(value)
    ? value.replace(/\\/gu, "\\\\").replace(/\t/gu, "\\t").replace(/\n/gu, "\\n").replace(/\r/gu, "\\r")
    : value;
}

type Maker = (r: Random, i: number, users: number) => string;

const makers: Record<BigTable["name"] | "small", Maker> = {
  users: (r, i) =>
    `${String(i)}\tuser${String(i)}@example${String(r.int(97))}.com\t${text(r, 2)}\t${r.pick(states)}\t${String(r.int(2))}\t${stamp(r)}.${six(r.int(1e6))}\t${stamp(r)}\t${r.oneIn(2) ? "-" : ""}${String(r.int(9e6))}.${two(r.int(100))}\t${escaped(JSON.stringify({ theme: r.oneIn(2) ? "dark" : "light", lang: r.pick(countries), n: r.int(1000), tags: [r.pick(words), r.pick(words)], q: r.oneIn(9) ? 'a"b\\c' : null }))}\t${r.oneIn(3) ? "\\N" : escaped(text(r, 4 + r.int(16)) + (r.oneIn(7) ? "\nline2\ttab \\ back" : ""))}\t${r.pick(countries)}\t${String(r.int(1e5))}`,
  orders: (r, i, users) =>
    `${String(i)}\t${String(1 + r.int(users))}\t${r.pick(statuses)}\t${String(r.int(1e5))}.${two(r.int(100))}\t${r.pick(currencies)}\t${stamp(r)}.${six(r.int(1e6))}\t${r.oneIn(4) ? "\\N" : stamp(r)}\t${r.int(3) > 0 ? "\\N" : text(r, 3 + r.int(6))}\t${String(r.int(65_536))}\t${String(r.int(2))}`,
  order_items: (r, i) =>
    `${String(1 + ((i - 1) >> 1))}\t${String(1 + ((i - 1) & 1))}\t${String(1 + r.int(50_000))}\t${String(1 + r.int(20))}\t${String(r.int(1000))}.${two(r.int(100))}\t${r.int(3) > 0 ? "\\N" : String(r.int(1000) / 1000)}\t${text(r, 2 + r.int(3))}`,
  events: (r, i, users) =>
    `${String(i)}\t${r.bytes(16).toString("hex")}\t${String(1 + r.int(users))}\t${r.pick(kinds)}\t${escaped(JSON.stringify({ path: `/${r.pick(words)}/${String(r.int(1e5))}`, ref: r.oneIn(2) ? null : `https://ex.example/${String(r.int(1e4))}`, ms: r.int(5000), ok: r.oneIn(2), ua: `Mozilla/5.0 (${r.pick(words)})` }))}\t${r.oneIn(4) ? "\\N" : r.bytes(8 + r.int(240)).toString("hex")}\t${stamp(r)}.${three(r.int(1000))}\t${String(r.int(1e9) / 1e4)}`,
  small: (r, i) =>
    `${String(i)}\tC-${String(i)}\t${text(r, 3)}\t${String(r.int(2))}\t${stamp(r)}\t${String(r.int(1000))}.${three(r.int(1000))}`,
};

/** Lines in blocks of about a megabyte. */
export function* lines(
  kind: BigTable["name"] | "small",
  seed: number,
  rows: number,
  users: number,
): Generator<string> {
  const random = seeded(seed * 7919);
  const make = makers[kind];
  let block = "";
  for (let i = 1; i <= rows; i++) {
    block += `${make(random, i, users)}\n`;
    if (block.length > 1_000_000 || i === rows) {
      yield block;
      block = "";
    }
  }
}

/** Column list of LOAD DATA: bytes come as hex. */
export const columns: Record<BigTable["name"] | "small", string> = {
  users: "",
  orders: "",
  order_items: "",
  events: "(id, @uid, user_id, kind, payload, @raw, at, value) SET uid = UNHEX(@uid), raw = UNHEX(@raw)",
  small: "",
};
