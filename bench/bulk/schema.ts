/**
 * The bulk bench's database: four big tables, narrow and wide, and thirty small ones; 9 million rows, about 1.4 GB,
 * with ten secondary indexes and keys beside the primary ones. Nothing in it is easy on one side only: composite and
 * single keys, text with and without ASCII, JSON, decimals, microseconds, bytes, doubles, NULLs.
 */

export const version = 2;

export const database = "headgate_bulk";

/** Each scale has a database of its own on the source, so that one can be measured beside another. */
export function databaseAt(scale: number): string {
  return scale === 1 ? database : `${database}_${String(scale).replace(/\D/gu, "_")}`;
}

export interface BigTable {
  readonly name: "users" | "orders" | "order_items" | "events";
  readonly rows: number;
  readonly create: string;
}

export const bigTables: readonly BigTable[] = [
  {
    name: "order_items",
    rows: 4_000_000,
    create: `CREATE TABLE order_items (order_id BIGINT UNSIGNED NOT NULL, line_no INT NOT NULL, product_id INT NOT NULL, qty SMALLINT NOT NULL,
      price DECIMAL(10,2) NOT NULL, discount DOUBLE NULL, title VARCHAR(120) NOT NULL, PRIMARY KEY (order_id, line_no), KEY product (product_id))`,
  },
  {
    name: "orders",
    rows: 2_000_000,
    create: `CREATE TABLE orders (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id BIGINT UNSIGNED NOT NULL, status ENUM('new','paid','packed','shipped','returned') NOT NULL,
      total DECIMAL(12,2) NOT NULL, currency CHAR(3) NOT NULL, placed_at DATETIME(6) NOT NULL, shipped_at DATETIME NULL, note VARCHAR(200) NULL, flags INT NOT NULL, is_gift TINYINT(1) NOT NULL,
      KEY user (user_id), KEY placed (placed_at), KEY status_placed (status, placed_at))`,
  },
  {
    name: "events",
    rows: 2_000_000,
    create: `CREATE TABLE events (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, uid BINARY(16) NOT NULL, user_id BIGINT UNSIGNED NOT NULL, kind VARCHAR(20) NOT NULL,
      payload JSON NOT NULL, raw VARBINARY(260) NULL, at DATETIME(3) NOT NULL, value DOUBLE NOT NULL, UNIQUE KEY uid (uid), KEY user_at (user_id, at))`,
  },
  {
    name: "users",
    rows: 1_000_000,
    create: `CREATE TABLE users (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL, display_name VARCHAR(120) NOT NULL, status ENUM('active','suspended','deleted','pending') NOT NULL,
      is_admin TINYINT(1) NOT NULL, created_at DATETIME(6) NOT NULL, updated_at DATETIME NOT NULL, balance DECIMAL(14,2) NOT NULL, prefs JSON NOT NULL, bio TEXT NULL, country CHAR(2) NOT NULL,
      login_count INT UNSIGNED NOT NULL, UNIQUE KEY email (email), KEY country_created (country, created_at), KEY name (display_name))`,
  },
];

export const smallTables = Array.from({ length: 30 }, (_, i) => `small_${String(i + 1).padStart(2, "0")}`);
export const smallRows = 1000;

export function createSmall(name: string): string {
  return `CREATE TABLE ${name} (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT NULL, label VARCHAR(80) NOT NULL, active TINYINT(1) NOT NULL, changed DATETIME NOT NULL, factor DECIMAL(10,3) NOT NULL)`;
}
