/**
 * An oracle for the catalogue: it writes the lines that SHOW CREATE TABLE must have for a table as the catalogue
 * told it, so that the server itself can be asked whether every column, default, index, key and CHECK was read
 * right. What the catalogue does not carry (row format, index algorithm, the character set of a column, which the
 * test compares by itself) is taken off the server's lines first.
 */
import type {
  ColumnDefault,
  SourceColumn,
  SourceEngine,
  SourceForeignKey,
  SourceIndex,
  SourceTable,
} from "../../src/model.js";

/** The server's lines without what the catalogue does not carry: columns and keys, in its order. */
export function serverLines(statement: string): readonly string[] {
  const lines = statement.split("\n");
  const end = lines.findIndex((line, index) => index > 0 && line.startsWith(")"));
  return (
    lines
      .slice(1, end)
      .map((line) => plain(line.trim().replace(/,$/u, "")))
      .filter((line) => !line.startsWith("PERIOD FOR SYSTEM_TIME"))
      // An application period is told as the CHECK that it implies.
      .map((line) => line.replace(/^PERIOD FOR (`.*`) \((`.*`), (`.*`)\)$/u, "CONSTRAINT $1 CHECK ($2 < $3)"))
  );
}

function plain(line: string): string {
  return line
    .replaceAll(/ \/\*(?:!|M!)\d+ .*?\*\//gu, "")
    .replace(/ CHARACTER SET \w+/u, "")
    .replace(/ COLLATE \w+/u, "")
    .replace(/ USING (?:BTREE|HASH)/u, "")
    .replace(/ IGNORED$/u, "")
    .replace(/ INVISIBLE(?= |$)/u, "")
    .replace(/^((?:PRIMARY |UNIQUE |FULLTEXT |SPATIAL )?KEY .*\)) COMMENT '.*'$/u, "$1")
    .replace(/^(`.*) CHECK \(.*\)$/u, "$1");
}

/** For each line of the table, all spellings that the server may choose from. */
export function expectedLines(table: SourceTable, engine: SourceEngine): readonly (readonly string[])[] {
  return [
    ...table.columns.map((column) => columnLines(column, engine)),
    ...table.indexes.map((index) => [indexLine(index, engine)]),
    ...table.foreignKeys.map((key) => [foreignKeyLine(key, engine)]),
    ...table.checks
      // MariaDB writes a column's own CHECK on the column's line, under the column's name.
      .filter(
        (check) => !(engine === "mariadb" && table.columns.some((column) => column.name === check.name)),
      )
      .map((check) => [`CONSTRAINT ${q(check.name)} CHECK (${printed(check.expression, engine)})`]),
  ];
}

function columnLines(column: SourceColumn, engine: SourceEngine): readonly string[] {
  const type = plain(` ${column.columnType}`).trim();
  const head = `${q(column.name)} ${type}`;
  const comment = column.comment === "" ? "" : ` COMMENT ${literal(column.comment)}`;
  if (column.generated !== null) {
    const { expression, stored } = column.generated;
    const period = /^ROW (?:START|END)$/u.test(expression);
    const how = period ? expression : `(${printed(expression, engine)}) ${stored ? "STORED" : "VIRTUAL"}`;
    const rest = column.nullable || period ? "" : " NOT NULL";
    return [`${head} GENERATED ALWAYS AS ${how}${rest}${comment}`];
  }
  const onUpdate = column.onUpdateNow === null ? "" : ` ON UPDATE ${now(column.onUpdateNow, engine)}`;
  const auto = column.autoIncrement ? " AUTO_INCREMENT" : "";
  const nulls = column.nullable ? ["", " NULL"] : [" NOT NULL"];
  return nulls.flatMap((nullness) =>
    defaultTexts(column, engine).map((text) => `${head}${nullness}${text}${onUpdate}${auto}${comment}`),
  );
}

function defaultTexts(column: SourceColumn, engine: SourceEngine): readonly string[] {
  return spellings(column.default, column, engine).map((text) => (text === "" ? "" : ` DEFAULT ${text}`));
}

function spellings(found: ColumnDefault, column: SourceColumn, engine: SourceEngine): readonly string[] {
  switch (found.kind) {
    case "none":
      return [""];
    case "null":
      // TEXT, BLOB and shapes print nothing for it.
      return ["NULL", ""];
    case "now":
      return [now(found.fsp, engine)];
    case "expression":
      return engine === "mysql" ? [`(${printed(found.text, engine)})`] : [found.text];
    case "literal": {
      const hex = `0x${Buffer.from(found.text).toString("hex").toUpperCase()}`;
      const inExpression = `(_utf8mb4'${backslashed(found.text)}')`;
      // Beyond utf8mb3 MySQL prints bytes, and MariaDB a question mark.
      const wide = found.text.replaceAll(/[\u{10000}-\u{10ffff}]/gu, "?");
      return engine === "mysql"
        ? [literal(found.text), hex, inExpression]
        : [
            literal(wide),
            `'${backslashed(found.text)}'`,
            ...(/^[-\d.e+]+$/u.test(found.text) ? [found.text] : []),
          ];
    }
    case "bytes": {
      if (column.type === "bit") return [`b'${BigInt(`0x${found.hex}`).toString(2)}'`];
      const text = literal(Buffer.from(found.hex, "hex").toString("utf8"));
      return [text, `0x${found.hex.toUpperCase()}`, `(_utf8mb4${text})`];
    }
  }
}

/** SHOW CREATE TABLE of MySQL prints a character beyond utf8mb3 as four question marks; the catalogue kept it. */
function printed(expression: string, engine: SourceEngine): string {
  return engine === "mysql" ? expression.replaceAll(/[\u{10000}-\u{10ffff}]/gu, "????") : expression;
}

function now(fsp: number, engine: SourceEngine): string {
  if (engine === "mariadb") return `current_timestamp(${fsp === 0 ? "" : fsp})`;
  return `CURRENT_TIMESTAMP${fsp === 0 ? "" : `(${fsp})`}`;
}

function indexLine(index: SourceIndex, engine: SourceEngine): string {
  const parts = index.parts.map((part) => {
    const what = part.expression === null ? q(part.column ?? "") : `(${printed(part.expression, engine)})`;
    return `${what}${part.prefix === null ? "" : `(${part.prefix})`}${part.descending ? " DESC" : ""}`;
  });
  const list = `(${parts.join(",")})`;
  if (index.primary) return `PRIMARY KEY ${list}`;
  const kind = index.kind === "btree" ? (index.unique ? "UNIQUE " : "") : `${index.kind.toUpperCase()} `;
  return `${kind}KEY ${q(index.name)} ${list}`;
}

function foreignKeyLine(key: SourceForeignKey, engine: SourceEngine): string {
  const implied = engine === "mysql" ? "no action" : "restrict";
  const action = (event: string, what: string): string =>
    what === implied ? "" : ` ON ${event} ${what.toUpperCase()}`;
  const database = key.referencedDatabase === null ? "" : `${q(key.referencedDatabase)}.`;
  return (
    `CONSTRAINT ${q(key.name)} FOREIGN KEY (${key.columns.map(q).join(", ")}) ` +
    `REFERENCES ${database}${q(key.referencedTable)} (${key.referencedColumns.map(q).join(", ")})` +
    action("DELETE", key.onDelete) +
    action("UPDATE", key.onUpdate)
  );
}

function q(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

function literal(text: string): string {
  return `'${escaped(text).replaceAll("'", "''")}'`;
}

function backslashed(text: string): string {
  return escaped(text).replaceAll("'", "\\'");
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\0", "\\0");
}
