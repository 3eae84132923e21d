/**
 * One row of each shop table, made from its number and seeded randomness. Values reach for the edges now and
 * then: year 1000, four-byte letters, empty text beside NULL, negative and huge decimals, JSON with quotes.
 */
import type { Random } from "./random.js";
import type { ShopTable, Sizes } from "./schema.js";

export type Cell = string | number | Buffer | null;

const words = [
  "alpha",
  "käse",
  "delta",
  "fox trot",
  "höhle",
  "naïve",
  "quebec",
  "sierra",
  "данные",
  "日本語",
  "Straße",
  "x-ray",
  "o'clock",
] as const;
const emoji = ["😀", "🚀", "🍕", "👩‍💻", "🏳️‍🌈", "❤️"] as const;
const continents = ["Africa", "Asia", "Europe", "N. America", "S. America", "Oceania"] as const;

const two = (n: number): string => String(n).padStart(2, "0");
const code = (i: number): string =>
  String.fromCharCode(65 + (i % 26)) + String.fromCharCode(65 + Math.floor(i / 26));
const day = (r: Random): string => `${String(2012 + r.int(14))}-${two(1 + r.int(12))}-${two(1 + r.int(28))}`;
const time = (r: Random): string => `${two(r.int(24))}:${two(r.int(60))}:${two(r.int(60))}`;
const micro = (r: Random): string => String(r.int(1_000_000)).padStart(6, "0");
const moment = (r: Random): string => `${day(r)} ${time(r)}.${micro(r)}`;

function text(r: Random, count: number): string {
  const out: string[] = [];
  for (let i = 0; i < count; i++) out.push(r.pick(words));
  if (r.oneIn(9)) out.push(r.pick(emoji));
  return out.join(" ");
}

const makers: Record<ShopTable, (r: Random, i: number, sizes: Sizes) => Cell[]> = {
  countries: (r, i) => [
    code(i - 1),
    `Country ${String(i)} ${r.pick(words)}`,
    r.pick(continents),
    `${String(r.int(28))}.${two(r.int(100))}`,
    r.int(2),
  ],
  customers: (r, i, sizes) => [
    i,
    `user${String(i)}@example${String(r.int(97))}.com`,
    text(r, 2),
    r.pick(["active", "active", "active", "on hold", "won't pay", "a,b", "back\\slash"]),
    code(r.int(sizes.countries)),
    r.oneIn(5) ? null : i % 9_973 === 0 ? "1000-01-01" : day(r),
    r.int(2),
    r.oneIn(4) ? null : r.pick(["", "books", "books,games", "music,garden,kitchen"]),
    `${r.oneIn(3) ? "-" : ""}${String(r.int(900_000_000))}.${String(r.int(10_000)).padStart(4, "0")}`,
    r.oneIn(6)
      ? null
      : JSON.stringify({
          theme: r.pick(["dark", "light"]),
          'a"b\\c': text(r, 1),
          n: r.int(100_000),
          ratio: r.int(1000) / 8,
          list: [1, null, true, { deep: "😀" }],
        }),
    r.oneIn(3) ? null : r.int(16_777_216),
    i > 100 && r.oneIn(8) ? 1 + r.int(i - 1) : null,
    i % 7_919 === 0
      ? "1000-01-01 00:00:00.000001"
      : i % 7_907 === 0
        ? "9999-12-31 23:59:59.999999"
        : moment(r),
    `${day(r)} ${time(r)}.${String(r.int(1000)).padStart(3, "0")}`,
  ],
  addresses: (r, i, sizes) => [
    1 + ((i * 7) % sizes.customers),
    `home-${String(Math.floor(i / sizes.customers))}`,
    `${text(r, 2)} ${String(r.int(200))}`,
    String(r.int(99_999)).padStart(5, "0"),
    text(r, 1),
    r.oneIn(3) ? null : (r.int(180_000_000) - 90_000_000) / 1e6,
    r.oneIn(3) ? null : (r.int(360_000_000) - 180_000_000) / 1e6,
    r.int(256),
  ],
  categories: (r, i) => [
    `category-${String(i)}`,
    i > 5 ? `category-${String(1 + r.int(5))}` : null,
    text(r, 2),
    r.int(200) - 100,
  ],
  products: (r, i, sizes) => [
    i,
    `SKU-${String(i).padStart(7, "0")}`,
    text(r, 3),
    r.oneIn(4) ? null : `${text(r, 12)}\n\ttab \\ back`,
    `category-${String(1 + r.int(sizes.categories))}`,
    `${String(r.int(100_000))}.${two(r.int(100))}`,
    r.oneIn(4) ? null : r.int(1_000_000) / 64,
    r.int(5000) - 20,
    JSON.stringify({
      colour: r.pick(words),
      sizes: [r.int(50), r.int(50)],
      price: r.int(1_000_000) / 100,
      big: "9007199254740993",
    }),
    r.oneIn(3) ? null : r.bytes(20 + r.int(180)),
    r.oneIn(4) ? null : 1990 + r.int(60),
    r.int(5) - 2,
    r.oneIn(20) ? 1 : 0,
  ],
  product_tags: (r, i, sizes) => [
    1 + (i % sizes.products),
    `tag-${String(Math.floor(i / sizes.products))}-${r.pick(words)}`,
  ],
  orders: (r, i, sizes) => [
    i,
    1 + r.int(sizes.customers),
    r.pick(["new", "paid", "packed", "shipped", "returned"]),
    `${String(r.int(100_000))}.${two(r.int(100))}`,
    r.pick(["EUR", "USD", "JPY", "GBP"]),
    moment(r),
    r.oneIn(3) ? null : `${day(r)} ${time(r)}`,
    r.oneIn(3) ? text(r, 5) : r.oneIn(9) ? "" : null,
    r.int(65_536),
    r.int(2),
  ],
  order_items: (r, i, sizes) => [
    1 + (i % sizes.orders),
    1 + Math.floor(i / sizes.orders),
    1 + r.int(sizes.products),
    1 + r.int(20),
    `${String(r.int(1000))}.${two(r.int(100))}`,
    r.oneIn(3) ? null : r.int(1000) / 1000,
    r.oneIn(6) ? text(r, 2) : null,
  ],
  payments: (r, i, sizes) => [
    r.bytes(16),
    1 + (i % sizes.orders),
    `${String(r.int(100_000))}.${two(r.int(100))}`,
    r.pick(["card", "invoice", "cash"]),
    r.oneIn(3) ? null : JSON.stringify({ ok: r.oneIn(2), ref: String(r.int(1e9)), fee: r.int(1000) / 1000 }),
    r.oneIn(3) ? null : r.bytes(r.int(300)),
    moment(r),
  ],
  sessions: (r, i, sizes) => {
    const hex = r.bytes(16).toString("hex");
    return [
      `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
      r.oneIn(3) ? null : 1 + r.int(sizes.customers),
      `Agent/${String(i)} (${text(r, 3)})`,
      r.oneIn(5)
        ? null
        : i % 997 === 0
          ? "-838:59:58.999"
          : `${two(r.int(200))}:${two(r.int(60))}:${two(r.int(60))}.${String(r.int(1000)).padStart(3, "0")}`,
      r.int(4096),
      `${day(r)} ${time(r)}.${String(r.int(1000)).padStart(3, "0")}`,
    ];
  },
  reviews: (r, i, sizes) => [
    1 + (i % sizes.products),
    1 + ((i * 31) % sizes.customers),
    1 + r.int(5),
    r.oneIn(5) ? null : `${text(r, 10)} ${r.pick(emoji)}`,
    day(r),
  ],
  stock_moves: (r, _i, sizes) => [
    moment(r),
    1 + r.int(sizes.products),
    r.int(200) - 100,
    r.oneIn(3) ? null : r.pick(words),
  ],
  documents: (r, i) => [
    `document ${String(i)}`,
    r.oneIn(5) ? null : text(r, 20_000),
    r.oneIn(5) ? null : r.bytes(200_000),
    i % 2 === 0 ? "9223372036854775807" : "-9223372036854775808",
  ],
  order: (r, i) => [i * 3 - 30, r.oneIn(4) ? null : text(r, 2)],
};

/** Row number `i`, counted from 1, of a shop with these sizes: foreign keys stay within them. */
export function row(table: ShopTable, r: Random, i: number, sizes: Sizes): Cell[] {
  return makers[table](r, i, sizes);
}
