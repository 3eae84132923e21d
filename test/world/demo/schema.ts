/**
 * The demo's shop: fourteen tables that hold every common MySQL type, with enum, set, json, decimals, dates,
 * blobs, emoji, composite and text keys, a table without a key, foreign keys in a circle and onto itself. It is
 * kind to its reader, not to the tool: what real schemas do, this one does somewhere.
 */
export const database = "headgate_shop";

export const schema: readonly string[] = [
  `CREATE TABLE countries (
    code CHAR(2) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, continent ENUM('Africa','Asia','Europe','N. America','S. America','Oceania') NOT NULL,
    vat DECIMAL(5,2) NOT NULL DEFAULT 0.00, eu BIT(1) NOT NULL DEFAULT b'0', UNIQUE KEY name (name)
  ) COMMENT 'ISO 3166, the part we ship to'`,
  `CREATE TABLE customers (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL, display_name VARCHAR(120) NOT NULL,
    status ENUM('active','on hold','won''t pay','a,b','back\\\\slash') NOT NULL DEFAULT 'active', country CHAR(2) NOT NULL,
    born DATE NULL, newsletter TINYINT(1) NOT NULL DEFAULT 0, interests SET('books','music','games','garden','kitchen') NULL,
    credit DECIMAL(14,4) NOT NULL DEFAULT 0, preferences JSON NULL, favourite_colour MEDIUMINT UNSIGNED NULL, referred_by BIGINT UNSIGNED NULL,
    created_at DATETIME(6) NOT NULL, updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    UNIQUE KEY email (email), KEY country_created (country, created_at DESC), KEY name_prefix (display_name(12)),
    CONSTRAINT customers_country FOREIGN KEY (country) REFERENCES countries (code),
    CONSTRAINT customers_referred FOREIGN KEY (referred_by) REFERENCES customers (id) ON DELETE SET NULL
  )`,
  `CREATE TABLE addresses (
    customer_id BIGINT UNSIGNED NOT NULL, label VARCHAR(20) NOT NULL, street VARCHAR(200) NOT NULL, zip VARCHAR(12) NOT NULL, city VARCHAR(100) NOT NULL,
    latitude DOUBLE NULL, longitude DOUBLE NULL, verified TINYINT UNSIGNED NOT NULL DEFAULT 0, PRIMARY KEY (customer_id, label),
    CONSTRAINT addresses_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
  )`,
  `CREATE TABLE categories (
    slug VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, parent VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NULL,
    title VARCHAR(100) NOT NULL, sort SMALLINT NOT NULL DEFAULT 0,
    CONSTRAINT categories_parent FOREIGN KEY (parent) REFERENCES categories (slug)
  )`,
  `CREATE TABLE products (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(32) NOT NULL, title VARCHAR(200) NOT NULL, description MEDIUMTEXT NULL,
    category VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, price DECIMAL(12,2) NOT NULL, weight FLOAT NULL, stock INT NOT NULL DEFAULT 0,
    attributes JSON NOT NULL, thumbnail BLOB NULL, model_year YEAR NULL, tax_class TINYINT NOT NULL DEFAULT 1, discontinued BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE KEY sku (sku), KEY category_price (category, price),
    CONSTRAINT products_category FOREIGN KEY (category) REFERENCES categories (slug) ON UPDATE CASCADE
  )`,
  `CREATE TABLE product_tags (product_id INT UNSIGNED NOT NULL, tag VARCHAR(40) NOT NULL, PRIMARY KEY (product_id, tag), KEY tag (tag),
    CONSTRAINT product_tags_product FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE)`,
  `CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id BIGINT UNSIGNED NOT NULL, state ENUM('new','paid','packed','shipped','returned') NOT NULL,
    total DECIMAL(12,2) NOT NULL, currency CHAR(3) CHARACTER SET ascii NOT NULL, placed_at DATETIME(6) NOT NULL, shipped_at DATETIME NULL,
    note VARCHAR(400) NULL, flags SMALLINT UNSIGNED NOT NULL DEFAULT 0, gift BOOLEAN NOT NULL DEFAULT FALSE,
    KEY customer (customer_id), KEY state_placed (state, placed_at),
    CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
  )`,
  `CREATE TABLE order_items (
    order_id BIGINT UNSIGNED NOT NULL, line_no SMALLINT UNSIGNED NOT NULL, product_id INT UNSIGNED NOT NULL, quantity INT NOT NULL, price DECIMAL(12,2) NOT NULL,
    discount DOUBLE NULL, engraving VARCHAR(60) NULL, PRIMARY KEY (order_id, line_no), KEY product (product_id),
    CONSTRAINT order_items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT order_items_product FOREIGN KEY (product_id) REFERENCES products (id)
  )`,
  `CREATE TABLE payments (
    uid BINARY(16) NOT NULL PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL, amount DECIMAL(12,2) NOT NULL, method ENUM('card','invoice','cash') NOT NULL,
    answer JSON NULL, raw VARBINARY(300) NULL, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY order_id (order_id),
    CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id)
  )`,
  `CREATE TABLE sessions (
    token CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, customer_id BIGINT UNSIGNED NULL, user_agent TEXT NOT NULL,
    length TIME(3) NULL, bits BIT(12) NOT NULL DEFAULT b'0', started_at DATETIME(3) NOT NULL, KEY customer_started (customer_id, started_at)
  )`,
  `CREATE TABLE reviews (
    product_id INT UNSIGNED NOT NULL, customer_id BIGINT UNSIGNED NOT NULL, stars TINYINT UNSIGNED NOT NULL, body TEXT NULL, posted DATE NOT NULL,
    PRIMARY KEY (product_id, customer_id), KEY posted (posted),
    CONSTRAINT reviews_product FOREIGN KEY (product_id) REFERENCES products (id), CONSTRAINT reviews_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
  )`,
  `CREATE TABLE stock_moves (at DATETIME(6) NOT NULL, product_id INT UNSIGNED NOT NULL, delta INT NOT NULL, reason VARCHAR(40) NULL, KEY product_at (product_id, at)) COMMENT 'An append-only log without a key'`,
  `CREATE TABLE documents (name VARCHAR(100) NOT NULL PRIMARY KEY, body LONGTEXT NULL, scan LONGBLOB NULL, checked BIGINT NOT NULL)`,
  "CREATE TABLE `order` (`select` INT NOT NULL PRIMARY KEY, `from \"here\"` VARCHAR(40) NULL COMMENT 'Names that need their quotes')",
];

/** Rows of each table at scale 1: about a million in all. */
export const sizes = {
  countries: 40,
  customers: 90_000,
  addresses: 110_000,
  categories: 60,
  products: 12_000,
  product_tags: 30_000,
  orders: 180_000,
  order_items: 400_000,
  payments: 120_000,
  sessions: 40_000,
  reviews: 30_000,
  stock_moves: 25_000,
  documents: 40,
  order: 20,
} as const;

export type ShopTable = keyof typeof sizes;

export type Sizes = Readonly<Record<ShopTable, number>>;
