/**
 * One random schema: one to three tables with keys of any shape, foreign keys between them and to themselves, CHECKs,
 * generated columns, and rows. It is plain data, so that a failing one can be made smaller: a column, a row or an
 * extra statement may be left out and the rest still says something.
 */
import fc from "fast-check";
import type { Dice } from "./dice.js";
import { thrown } from "./dice.js";
import type { Engine, Kind } from "./kind.js";
import { integerKind, someKind } from "./kinds.js";
import { checkOf, expressionDefault, generatedFrom } from "./expression.js";
import { columnNames, otherName, quotedName, tableName } from "./names.js";

export interface Column {
  readonly name: string;
  /** All that stands behind the name in CREATE TABLE. */
  readonly definition: string;
  /** False for what the server computes itself. */
  readonly stored: boolean;
}

export interface Table {
  readonly name: string;
  /** Part of the name, and of no other table's. */
  readonly mark: string;
  readonly columns: readonly Column[];
  /** PRIMARY KEY (...), as CREATE TABLE needs it for AUTO_INCREMENT; null for none. */
  readonly primary: string | null;
  readonly options: string;
  /** Indexes, foreign keys, CHECKs: the table is one without any of them. */
  readonly extras: readonly string[];
  /** Literals, in the order of the columns that are stored. */
  readonly rows: readonly (readonly string[])[];
}

export interface Schema {
  readonly seed: number;
  readonly tables: readonly Table[];
  /** Written while the server looks at no foreign key. */
  readonly orphans: boolean;
}

/** The schema of a seed. */
export function randomSchema(seed: number, engine: Engine): Schema {
  return thrown(seed, (dice) => {
    const drafts: Draft[] = [];
    const count = dice.pick([1, 1, 1, 2, 2, 3]);
    for (let number = 0; number < count; number += 1)
      drafts.push(draft(dice, engine, `s${seed.toString(36).padStart(6, "0")}t${String(number)}`, drafts));
    return { seed, tables: drafts.map((one) => one.table), orphans: dice.chance(6) };
  });
}

interface DraftColumn {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
}

/** Columns that a foreign key may point to, with what their rows hold. */
interface Target {
  readonly columns: readonly { readonly kind: Kind; readonly place: number; readonly name: string }[];
}

interface Draft {
  readonly table: Table;
  readonly targets: readonly Target[];
}

/** MySQL's own bound on the bytes of an index. */
const indexMost = 3000;

function draft(dice: Dice, engine: Engine, mark: string, earlier: readonly Draft[]): Draft {
  const name = tableName(dice, mark);
  const parent = earlier.length > 0 && dice.chance(75) ? dice.pick(earlier) : null;
  const target = parent === null || parent.targets.length === 0 ? null : dice.pick(parent.targets);
  const borrowed = target?.columns.map(({ kind }) => kind) ?? [];
  const own = dice.between(1, Math.max(1, 12 - borrowed.length));
  const kinds = [...Array.from({ length: own }, () => someKind(dice, engine)), ...borrowed];
  const shape = dice.pick([
    "counter",
    "counter",
    "primary",
    "primary",
    "composite",
    "unique",
    "none",
    "self",
  ] as const);
  if (shape === "counter" || shape === "self") kinds[0] = integerKind(dice);
  const names = columnNames(dice, kinds.length);
  const keyed = keyOf(dice, shape, kinds, own);
  const columns: DraftColumn[] = kinds.map((kind, place) => ({
    name: names[place] ?? "",
    kind,
    nullable: !keyed.includes(place) && dice.chance(70),
  }));
  const lines: Column[] = columns.map((column, place) => ({
    name: column.name,
    definition: definition(dice, engine, column, shape === "counter" && place === 0, keyed.includes(place)),
    stored: true,
  }));
  const made = dice.chance(25) ? generatedFrom(dice, engine, columns) : null;
  if (made !== null) lines.push({ name: made.name, definition: made.definition, stored: false });
  const list = (places: readonly number[]): string =>
    places.map((place) => part(dice, engine, columns[place])).join(", ");
  const primary =
    shape === "none" || shape === "unique" || keyed.length === 0 ? null : `PRIMARY KEY (${list(keyed)})`;
  const extras: string[] = [];
  const targets: Target[] = [];
  const whole = (places: readonly number[]): Target => ({
    columns: places.flatMap((place) => {
      const column = columns[place];
      return column === undefined ? [] : [{ kind: column.kind, name: column.name, place }];
    }),
  });
  const solid = (places: readonly number[]): boolean =>
    places.every((place) => typeof kinds[place]?.indexBytes === "number");
  if (keyed.length > 0 && solid(keyed) && shape !== "none") targets.push(whole(keyed));
  if (shape === "unique" && keyed.length > 0)
    extras.push(`UNIQUE KEY ${quotedName(otherName(dice, `k${mark}`))} (${list(keyed)})`);
  for (let number = dice.pick([0, 0, 1, 1, 2, 3]); number > 0; number -= 1) {
    const places = indexable(kinds, dice.between(1, 3), dice);
    if (places.length === 0) continue;
    const unique = dice.chance(40) ? "UNIQUE " : "";
    const hidden = engine === "mysql" && dice.chance(5) ? " INVISIBLE" : "";
    extras.push(
      `${unique}INDEX ${quotedName(otherName(dice, `i${String(number)}${mark}`))} (${list(places)})${hidden}`,
    );
  }
  if (target !== null && parent !== null)
    extras.push(
      foreignKey(
        dice,
        mark,
        names.slice(own),
        parent.table.name,
        target,
        columns.slice(own).every(({ nullable }) => nullable),
      ),
    );
  if (shape === "self" && own > 1) {
    // A tree: another column of the same type points to the key.
    const copy: DraftColumn = {
      name: `parent of ${names[0] ?? ""}`.slice(0, 60),
      kind: kinds[0] ?? integerKind(dice),
      nullable: true,
    };
    columns.push(copy);
    lines.push({ name: copy.name, definition: `${copy.kind.type} NULL`, stored: true });
    const itself = whole([0]);
    extras.push(foreignKey(dice, `self${mark}`, [copy.name], name, itself, true));
  }
  if (dice.chance(30)) {
    const check = checkOf(dice, engine, columns);
    if (check !== null) extras.push(`CONSTRAINT ${quotedName(otherName(dice, `c${mark}`))} ${check}`);
  }
  const options = [
    dice.pick([
      "",
      "",
      "DEFAULT CHARACTER SET latin1",
      "DEFAULT COLLATE utf8mb4_bin",
      "DEFAULT COLLATE utf8mb4_unicode_ci",
    ]),
    dice.pick(["", "", "", "COMMENT 'it''s a \"table\" \\\\ é😀'"]),
    dice.pick(["", "", "", "", "ROW_FORMAT=COMPRESSED", "ENGINE=MyISAM"]),
  ].filter((text) => text !== "");
  const tree = shape === "self" && own > 1 ? columns.length - 1 : null;
  const rows = rowsOf(dice, columns, {
    own,
    target,
    parentRows: parent?.table.rows ?? [],
    counter: shape === "counter",
    tree,
  });
  return {
    table: { name, mark, columns: lines, primary, options: options.join(" "), extras, rows },
    targets,
  };
}

/** Places of the columns that make the key. */
function keyOf(dice: Dice, shape: string, kinds: readonly Kind[], own: number): readonly number[] {
  if (shape === "counter" || shape === "self") return [0];
  if (shape === "none") return [];
  return indexable(kinds.slice(0, own), shape === "composite" ? 3 : dice.pick([1, 1, 2]), dice);
}

function indexable(kinds: readonly Kind[], count: number, dice: Dice): readonly number[] {
  const places = kinds.flatMap(({ indexBytes }, place) => (indexBytes === "never" ? [] : [place]));
  const chosen: number[] = [];
  let bytes = 0;
  for (const place of dice.draw(fc.shuffledSubarray(places)).slice(0, count)) {
    const kind = kinds[place];
    const takes = typeof kind?.indexBytes === "number" ? kind.indexBytes : 90;
    if (bytes + takes > indexMost) continue;
    bytes += takes;
    chosen.push(place);
  }
  return chosen;
}

/** A column in an index: whole, or by a prefix, up or down. */
function part(dice: Dice, engine: Engine, column: DraftColumn | undefined): string {
  if (column === undefined) throw new Error("an index on no column");
  const { kind, name } = column;
  const cut = kind.indexBytes === null ? `(${String(dice.between(1, 20))})` : "";
  const down = dice.chance(12) && (engine === "mysql" || cut === "") ? " DESC" : "";
  return `${quotedName(name)}${cut}${down}`;
}

function foreignKey(
  dice: Dice,
  mark: string,
  from: readonly string[],
  to: string,
  target: Target,
  nullable: boolean,
): string {
  const actions = [
    "",
    " ON DELETE CASCADE",
    " ON DELETE RESTRICT",
    " ON DELETE NO ACTION",
    ...(nullable ? [" ON DELETE SET NULL"] : []),
  ];
  const changes = [
    "",
    "",
    " ON UPDATE CASCADE",
    " ON UPDATE RESTRICT",
    ...(nullable ? [" ON UPDATE SET NULL"] : []),
  ];
  const list = (names: readonly string[]): string => names.map(quotedName).join(", ");
  return (
    `CONSTRAINT ${quotedName(otherName(dice, `f${mark}`))} FOREIGN KEY (${list(from)}) REFERENCES ${quotedName(to)} ` +
    `(${list(target.columns.map(({ name }) => name))})${dice.pick(actions)}${dice.pick(changes)}`
  );
}

function definition(
  dice: Dice,
  engine: Engine,
  { kind, nullable }: DraftColumn,
  counts: boolean,
  keyed: boolean,
): string {
  if (counts) return `${kind.type} NOT NULL AUTO_INCREMENT`;
  const parts = [kind.type, nullable ? "NULL" : "NOT NULL"];
  const literals = kind.defaults.filter((text) => text !== "NULL" || nullable);
  if (literals.length > 0 && dice.chance(45)) {
    parts.push(`DEFAULT ${dice.pick(literals)}`);
    if (kind.fsp !== null && dice.chance(30))
      parts.push(`ON UPDATE CURRENT_TIMESTAMP${kind.fsp === 0 ? "" : `(${String(kind.fsp)})`}`);
  } else if (dice.chance(12)) parts.push(`DEFAULT (${expressionDefault(dice, kind)})`);
  if (!keyed && dice.chance(5)) parts.push("INVISIBLE");
  if (dice.chance(10)) parts.push("COMMENT 'it''s \"quoted\" \\\\ $$ é'");
  const words = parts.join(" ");
  // MariaDB wants INVISIBLE to have a default or to be nullable.
  return engine === "mariadb" && !nullable && !words.includes("DEFAULT")
    ? words.replace(" INVISIBLE", "")
    : words;
}

interface Sources {
  readonly own: number;
  readonly target: Target | null;
  readonly parentRows: readonly (readonly string[])[];
  readonly counter: boolean;
  /** The place of the column that points to the table's own key. */
  readonly tree: number | null;
}

function rowsOf(
  dice: Dice,
  columns: readonly DraftColumn[],
  { own, target, parentRows, counter, tree }: Sources,
): string[][] {
  const count = dice.pick([0, 1, 3, 8, 15, 30]);
  const rows: string[][] = [];
  for (let number = 0; number < count; number += 1) {
    const parent = parentRows.length > 0 && dice.chance(85) ? dice.pick(parentRows) : null;
    rows.push(
      columns.map((column, place) => {
        if (counter && place === 0 && dice.chance(50)) return "NULL";
        if (place === tree)
          return rows.length > 0 && dice.chance(60) ? (dice.pick(rows)[0] ?? "NULL") : "NULL";
        const at = target?.columns[place - own]?.place;
        if (at !== undefined && parent !== null) return parent[at] ?? "NULL";
        if (column.nullable && dice.chance(15)) return "NULL";
        if (dice.chance(5)) return "DEFAULT";
        return dice.draw(dice.pick(column.kind.values));
      }),
    );
  }
  return rows;
}
