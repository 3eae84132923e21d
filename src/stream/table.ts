/**
 * What the stream knows of one table: its codecs' projections, its unique indexes, what foreign keys refer to. A
 * `Shape` is a table together with the form that the log's images have now; readers are asked for once a shape.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanTable, SourceEngine } from "../model.js";
import type { ImageReader, RowImages } from "../stream-port.js";
import { codecOf } from "../typemap/compile.js";
import { keyWidth } from "./key.js";
import type { KeyWidth } from "./key.js";
import { Projection } from "./projection.js";
import { UniqueIndexes } from "./unique.js";

/** Columns that foreign keys refer to, and on which of a parent's changes they act. */
export interface Referenced {
  readonly columns: Projection;
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
}

export class StreamTable {
  readonly plan: PlanTable;
  /** null without a key. */
  readonly key: Projection | null;
  readonly keyWidth: KeyWidth;
  readonly row: Projection;
  readonly unique: UniqueIndexes;
  /** null where the table has no unique index beside its key. */
  readonly uniqueColumns: Projection | null;
  readonly referenced: readonly Referenced[];

  constructor(table: PlanTable, plan: Plan, engine: SourceEngine) {
    const codecs = table.columns.map((column) => codecOf(column, engine));
    const places = (names: readonly string[]): number[] =>
      names.map((name) => {
        const place = table.columns.findIndex(({ source }) => source === name);
        if (place < 0) throw new Fault("bug", `${table.source} has no column ${name}.`);
        return place;
      });
    this.plan = table;
    const keyPlaces = table.key === null ? [] : places(table.key.columns);
    this.key = table.key === null ? null : new Projection(table, codecs, keyPlaces);
    this.keyWidth = keyWidth(keyPlaces.map((place) => table.columns[place]?.targetType ?? ""));
    this.row = new Projection(
      table,
      codecs,
      table.columns.map((_, place) => place),
    );
    this.unique = new UniqueIndexes(table);
    this.uniqueColumns =
      this.unique.places.length === 0 ? null : new Projection(table, codecs, this.unique.places);
    this.referenced = referencesTo(table, plan).map(({ columns, ...on }) => ({
      columns: new Projection(table, codecs, places(columns)),
      ...on,
    }));
  }
}

/** Each set of columns of the table that foreign keys with an action point to. */
function referencesTo(
  table: PlanTable,
  plan: Plan,
): { columns: readonly string[]; onDelete: boolean; onUpdate: boolean }[] {
  const acts = (action: string): boolean => action !== "restrict" && action !== "no action";
  const found = new Map<string, { columns: readonly string[]; onDelete: boolean; onUpdate: boolean }>();
  for (const child of plan.tables)
    for (const key of child.foreignKeys ?? []) {
      if (key.referencedTable !== table.source) continue;
      const name = JSON.stringify(key.referencedColumns);
      const known = found.get(name);
      const onDelete = acts(key.onDelete) || known?.onDelete === true;
      const onUpdate = acts(key.onUpdate) || known?.onUpdate === true;
      if (onDelete || onUpdate) found.set(name, { columns: key.referencedColumns, onDelete, onUpdate });
    }
  return [...found.values()];
}

export class Shape {
  readonly table: StreamTable;
  readonly row: ImageReader;
  readonly #images: RowImages;
  #key: ImageReader | null = null;
  #unique: ImageReader | null = null;
  #referenced: ImageReader[] | null = null;

  constructor(table: StreamTable, images: RowImages) {
    this.table = table;
    this.#images = images;
    this.row = images.reader(table.row.places);
  }

  get key(): ImageReader {
    return (this.#key ??= this.#images.reader(this.table.key?.places ?? []));
  }

  get unique(): ImageReader {
    return (this.#unique ??= this.#images.reader(this.table.unique.places));
  }

  /** One for each of the table's `referenced`. */
  get referenced(): readonly ImageReader[] {
    return (this.#referenced ??= this.table.referenced.map(({ columns }) =>
      this.#images.reader(columns.places),
    ));
  }
}
