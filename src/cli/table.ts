/** A plain table for a terminal: columns as wide as their widest cell, counted as the terminal shows them. */
import stringWidth from "string-width";
import { visible } from "../watch/visible.js";

/** `right` names the columns that hold numbers, by index. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const all = [head, ...rows.map((row) => row.map(visible))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => stringWidth(row[i] ?? ""))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const gap = " ".repeat((widths[i] ?? 0) - stringWidth(cell));
        return right.includes(i) ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...all.slice(1).map(line)];
}
