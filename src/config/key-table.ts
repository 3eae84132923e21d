/**
 * The table of keys in docs/config.md, printed from the schema: a key that is documented differently from how it
 * works is worse than one that is not.
 */
import type { Node } from "./json-schema.js";
import { rows } from "./json-schema.js";
import { notBuiltKeys } from "./not-built.js";

const begin = "<!-- keys: written by npm run schema -->";
const end = "<!-- end of keys -->";

/** The page with its table between the two marks made new. */
export function withKeyTable(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/config.md lacks ${begin} or ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${keyTable()}\n\n${page.slice(to)}`;
}

/** Every key, what it takes, its default, what it means. */
function keyTable(): string {
  const later = notBuiltKeys();
  const lines = rows().map(({ path, node, required }) => {
    const key = path.join(".");
    const built = !later.some((name) => key === name || key.startsWith(`${name}.`));
    const means = [node.description ?? "", built ? "" : "*Not built yet.*"]
      .filter((text) => text !== "")
      .join(" ");
    return `| \`${key}\` | ${cell(takes(node))} | ${required ? "required" : defaultOf(node)} | ${cell(means)} |`;
  });
  return ["| key | takes | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function takes(node: Node): string {
  const unions = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  if (unions.length > 0) return [...new Set(unions.map(takes))].join(" or ");
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.type === "integer") return `whole number, ${String(node.minimum)} to ${String(node.maximum)}`;
  if (node.type === "number") return `number, ${String(node.minimum)} to ${String(node.maximum)}`;
  if (node.type === "array") return node.items === undefined ? "list" : `list of: ${takes(node.items)}`;
  if (node.type === "object") return "map";
  if (node.type === "string") return "text";
  if (node.type === "boolean") return "`true`, `false`";
  return "any";
}

function defaultOf(node: Node): string {
  if (node.default === undefined || node.type === "object") return "";
  return `\`${typeof node.default === "string" ? node.default : JSON.stringify(node.default)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
