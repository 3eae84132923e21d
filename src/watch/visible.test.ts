/** What a person is shown of names that would do something to a screen. */
import { expect, it } from "vitest";
import { visible, visibleLines } from "./visible.js";

it.each([
  ["plain_name", "plain_name"],
  ["größe 表 😀 e\u0301", "größe 表 😀 e\u0301"],
  ["a\nerror   fake  line", "a\\nerror   fake  line"],
  ["\u001b[2J\u009b31m", "\\u{1b}[2J\\u{9b}31m"],
  ["a\u202egnp.exe", "a\\u{202e}gnp.exe"],
  ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
  ["\u2028\u2029\r\t", "\\u{2028}\\u{2029}\\u{d}\\t"],
])("%j", (text, shown) => {
  expect(visible(text)).toBe(shown);
});

it("line breaks of a longer text stay", () => {
  expect(visibleLines("a\nb\r\u001b")).toBe("a\nb\\u{d}\\u{1b}");
});
