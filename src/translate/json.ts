/**
 * JSON of MySQL: members by a plain path. Steps into arrays are outside, as MySQL takes a value that is no array for
 * one of a single element; so is MariaDB's JSON, which is text.
 */
import { quoted } from "./literal.js";
import { outside } from "./node.js";
import { type Value, spoken, value } from "./value.js";

function pathOf(path: Value): string {
  if (path.kind !== "text" || path.literal === null) return outside("a JSON path that is no plain text");
  if (!/^\$(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|"[A-Za-z_][A-Za-z0-9_ -]*"))+$/.test(path.literal))
    return outside("a JSON path with other than plain members");
  const members = [...path.literal.matchAll(/\.(?:([A-Za-z_]\w*)|"([^"]*)")/g)].map(
    ([, bare, named]) => bare ?? named ?? "",
  );
  return quoted(`{${members.map((member) => `"${member}"`).join(",")}}`);
}

export function extract(document: Value, path: Value): Value {
  if (document.kind !== "json") return outside(`JSON_EXTRACT of ${spoken(document)}`);
  return value("json", `(${document.sql} #> ${pathOf(path)})`, "jsonb", { immutable: document.immutable });
}

/** JSON null is the text `null` on the source. */
export function unquote(document: Value): Value {
  if (document.kind !== "json") return outside(`JSON_UNQUOTE of ${spoken(document)}`);
  const sql = `(CASE WHEN jsonb_typeof(${document.sql}) = 'null' THEN 'null' ELSE ${document.sql} #>> '{}' END)`;
  return value("text", sql, "text", { collation: "utf8mb4_bin", immutable: document.immutable });
}
