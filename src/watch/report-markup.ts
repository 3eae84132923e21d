/** Pieces of a report's page: every text escaped, odd characters spelled out, tables that a screen reader can follow. */
import { visible } from "./visible.js";

export function grid(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[],
): string {
  const kind = (i: number): string => (numbers.includes(i) ? ' class="n"' : "");
  const top = head.map((text, i) => `<th scope="col"${kind(i)}>${escaped(text)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${row.map((text, i) => `<td${kind(i)}>${escaped(text)}</td>`).join("")}</tr>`)
    .join("\n");
  return `<table><caption>${escaped(caption)}</caption><thead><tr>${top}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

export function paragraphs(texts: readonly string[]): string {
  return texts.map((text) => `<p>${escaped(text)}</p>`).join("\n");
}

export function list(texts: readonly string[]): string {
  return `<ul>${texts.map((text) => `<li>${escaped(text)}</li>`).join("")}</ul>`;
}

/** Names and values in one order, whatever order they came in: a page is laid out again from sorted data. */
export function figures(facts: Readonly<Record<string, unknown>>): string {
  return Object.entries(facts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("; ");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For people: what cannot be seen is spelled. */
export function escaped(text: string): string {
  return markup(visible(text));
}

/** For machines that read it back: letter for letter. */
export function markup(text: string): string {
  return text.replace(/[&<>"']/gu, (letter) => entities[letter] ?? letter);
}

/** What `markup` made, back. */
export function unmarked(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/gu, (entity) => {
    const found = Object.entries(entities).find(([, spelling]) => spelling === entity);
    return found === undefined ? entity : found[0];
  });
}
