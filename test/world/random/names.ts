/**
 * Nasty names for tables, columns, keys and constraints: quotes, backticks, other scripts, reserved words of either
 * server, 64 characters, trailing digits, names that differ in case only. A table's name holds its mark, by which a
 * finding or a failure is known to be its.
 */
import type { Dice } from "./dice.js";

const words = [
  "id",
  "name",
  "order",
  "select",
  "user",
  "group",
  "table",
  "Key",
  "oid",
  "ctid_",
  "xmin2",
  "a b",
  "it's",
  'quo"ted',
  "back`tick",
  "semi;--",
  '"; drop table x; --',
  "back\\slash",
  "dollar$1",
  "$$",
  "%s",
  "a.b",
  "ünï",
  "日本語",
  "Straße",
  "ſ",
  "col1",
  "col2",
  "_",
  "1st",
  "0",
  "@x",
  "#x",
  "-- x",
  "/* x",
  "?",
  ":a",
  "{x}",
  "[x]",
  "a,b",
  "tab\there",
  "null",
  "true",
  "*",
  "a*",
  "CamelCase",
  "UPPER",
] as const;

/** Names that MySQL takes as columns of one table: there, case does not tell two apart. */
export function columnNames(dice: Dice, count: number): readonly string[] {
  const names: string[] = [];
  // InnoDB compares column names without case and accents; a digit behind keeps the lot apart.
  for (let number = 1; names.length < count; number += 1) {
    const plain = dice.chance(40)
      ? `c${String(number)}`
      : decorated(dice, `${dice.pick(words)}${dice.chance(70) ? String(number) : ""}`);
    const folded = plain.normalize("NFKD").toLowerCase();
    if (!names.some((name) => name.normalize("NFKD").toLowerCase() === folded)) names.push(plain);
  }
  return names;
}

export function tableName(dice: Dice, mark: string): string {
  if (dice.chance(40)) return mark;
  return decorated(dice, dice.chance(50) ? `${mark}${dice.pick(words)}` : `${dice.pick(words)}${mark}`);
}

/** A name of an index or constraint. */
export function otherName(dice: Dice, mark: string): string {
  return dice.chance(60) ? mark : decorated(dice, `${dice.pick(words)}_${mark}`);
}

function decorated(dice: Dice, name: string): string {
  const whole = name.trimEnd();
  if (!dice.chance(10)) return whole;
  const filler = dice.pick(["x", "é", "日"]);
  return whole + filler.repeat(Math.max(0, 64 - Array.from(whole).length));
}

export const quotedName = (name: string): string => "`" + name.replaceAll("`", "``") + "`";
