/**
 * Names and texts that try to be something else, and the tables, views, programs and sequences of a source that are
 * called so. Each statement here is the source's own set-up, quoted by code that shares nothing with Headgate's.
 */

/** What MySQL takes as a name: U+0001 to U+FFFF, no blank at the end, 64 characters. */
export const all: readonly string[] = [
  `"; drop table canary; --`,
  "`; drop table canary; --",
  "'); drop table canary; --",
  "$$; drop table canary; $$",
  "*/ drop table canary; /*",
  "\\'; drop table canary; --",
  'a"b',
  "a`b",
  "a'b",
  "a''b",
  "\\",
  "a\\b",
  "%s%n%",
  "100%",
  "?",
  "??",
  ":name",
  "@name",
  "$1",
  "${X}",
  "${HOME}",
  "{column}",
  "#{x}",
  "a\nb",
  "a\tb",
  "\r\nerror   forged",
  "<script>alert(1)</script>",
  "<b onmouseover=alert(1)>",
  "&amp;",
  "--",
  "/*",
  "#",
  ";",
  "a;b",
  ".",
  "a.b",
  "..",
  "*",
  "tmp_*",
  "[0]",
  "~",
  "|",
  "&&",
  "order",
  "SELECT",
  "user",
  "table",
  "null",
  "2024-sales",
  "1st",
  "0x41",
  "1e3",
  " leading",
  "a  b",
  "e\u0301t\u00e9",
  "\u00e9te\u0301",
  "\u202ertl\u202c",
  "a\u200fb",
  "zero\u200bwidth",
  "\ufeffbom",
  "\u00a0nbsp",
  "\u2028line",
  "\u0001\u001b[31m",
  "\u007fdel",
  "Stra\u00dfe",
  "STRASSE",
  "\u0130stanbul",
  "\u8868\u7684",
  "\uff21\uff22",
  "ctid",
  "xmin",
  "oid",
  "__proto__",
  "constructor",
  "toString",
  "headgate",
  "x".repeat(64),
  "\u00fc".repeat(64),
  `${"x".repeat(63)}y`,
];

export const canaryDrop = `"; drop table canary; --`;

/** Names that every run has, for it asks for them. */
export const asked: readonly string[] = [
  canaryDrop,
  "$$; drop table canary; $$",
  "?",
  "${X}",
  "a\nb",
  "\r\nerror   forged",
  "<script>alert(1)</script>",
  "a.b",
  "order",
  "\u202ertl\u202c",
  "\u0001\u001b[31m",
  "\u00fc".repeat(64),
];

/** Texts only: an emoji cannot be a name in MySQL. */
export const texts: readonly string[] = [...all, "😀 '; drop table canary; --", "end\\", "trailing ", ""];

export const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
export const text = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
export const short = (value: string, length: number): string => value.slice(0, length).trimEnd();

export const database = `hg "'\`$;%_?--é`;

/** A column may not be called as one that is there already, in any case. */
export function columnOf(name: string): string {
  return /^(?:id|label|members)$/iu.test(name) ? `${name}_` : name;
}

/** The catalogue prints as a question mark what it cannot print, so a label that has one is in doubt (label-unreadable). */
export function labelOf(name: string): string {
  return name.replaceAll("?", "\u00bf");
}

export function table(at: number, name: string): string {
  const column = columnOf(name);
  const label = labelOf(name);
  const member = label.replaceAll(",", "");
  return `CREATE TABLE ${quoted(name)} (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    ${quoted(column)} VARCHAR(200) CHARACTER SET utf8mb4 NULL DEFAULT ${text(name)} COMMENT ${text(name)},
    label ENUM(${text(label)}, 'other "', 'é''') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT ${text(label)} COMMENT ${text(`label ${name}`)},
    members SET(${text(member)}, 'm''') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT ${text(member)},
    kind ENUM(${text(short(label, 15))}, 'other') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'other',
    ${quoted(touchedOf(name))} TIMESTAMP(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6),
    KEY ${quoted(name)} (${quoted(column)}),
    UNIQUE KEY ${quoted(short(`u${name}`, 64))} (id, ${quoted(column)}),
    CONSTRAINT ${quoted(short(`c${String(at)}${name}`, 64))} CHECK (${quoted(column)} <> ${text(`never ${name}`)})
  ) DEFAULT CHARACTER SET utf8mb4 COMMENT ${text(name)}`;
}

/** A column that the source fills by itself, and the target by a trigger whose function has its name. */
function touchedOf(name: string): string {
  return short(`on ${name}`, 64);
}

/** Views, programs, partitions and a table without a key that are called so, or have a column that is. */
export function others(at: number, name: string, server: "mysql9" | "mariadb"): readonly string[] {
  const called = (kind: string, length = 64): string => quoted(short(`${kind}${String(at)} ${name}`, length));
  const column = quoted(columnOf(name));
  return [
    `CREATE VIEW ${called("view")} AS SELECT id, ${column} FROM ${quoted(name)}`,
    `CREATE TRIGGER ${called("trigger")} BEFORE INSERT ON ${quoted(name)} FOR EACH ROW SET @${called("variable")} = NEW.${column}`,
    `CREATE PROCEDURE ${called("procedure")} (${called("parameter")} INT) SELECT 1 INTO @x`,
    `CREATE TABLE ${called("parts", 30)} (${column} INT NOT NULL PRIMARY KEY, v INT) PARTITION BY RANGE COLUMNS (${column}) (PARTITION ${called("part", 20)} VALUES LESS THAN (10), PARTITION ${called("rest", 20)} VALUES LESS THAN (MAXVALUE))`,
    `INSERT INTO ${called("parts", 30)} VALUES (1, 1), (11, 1)`,
    `CREATE TABLE ${called("keyless")} (${column} VARCHAR(200) CHARACTER SET utf8mb4, n INT)`,
    `INSERT INTO ${called("keyless")} VALUES (${text(name)}, 1), (${text(name)}, 1), (NULL, 2)`,
    ...(server === "mariadb" ? [`CREATE SEQUENCE ${called("sequence")}`] : []),
  ];
}

/** What happens to them while they are followed: every kind of change, and more rows at once than go as arrays. */
export function changes(at: number, name: string, time: number): readonly string[] {
  const [here, column] = [quoted(name), quoted(columnOf(name))];
  const keyless = quoted(short(`keyless${String(at)} ${name}`, 64));
  const parts = quoted(short(`parts${String(at)} ${name}`, 30));
  const first = String(1000 * time);
  return [
    `INSERT INTO ${here} (id, ${column}) VALUES (${first}, ${text(name)}), (${first} + 1, NULL)`,
    `UPDATE ${here} SET ${column} = CONCAT(id, ${text(name)}) WHERE id IN (${String(time + 2)}, ${first})`,
    `UPDATE ${here} SET id = id + 500 WHERE id = ${first}`,
    `DELETE FROM ${here} WHERE id = ${String(time)}`,
    ...(at % 4 === 0
      ? [
          `INSERT INTO ${keyless} VALUES (${text(name)}, ${first})`,
          `DELETE FROM ${keyless} WHERE n = 1 LIMIT 1`,
          `UPDATE ${parts} SET v = ${first} WHERE v = 1 LIMIT 1`,
        ]
      : []),
  ];
}
