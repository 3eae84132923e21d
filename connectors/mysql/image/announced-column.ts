/**
 * A table as the log announces it before its rows, types only. What the source leaves out is null and stands for "as
 * the catalogue says".
 */

export interface AnnouncedColumn {
  /** One of logTypes; enum and set as such, not as the strings that the event calls them. */
  readonly type: number;
  /** Bytes of a string at most, bytes of a length, fraction digits, bits: whatever the type's metadata is. */
  readonly meta: number;
  /** Of decimals. */
  readonly precision: number;
  readonly scale: number;
  readonly nullable: boolean;
  /** null where the log does not say. */
  readonly unsigned: boolean | null;
  /** Number of the collation; null where the log does not say. */
  readonly collation: number | null;
  readonly name: string | null;
  /** Of enum and set, in the column's character set. */
  readonly labels: readonly Buffer[] | null;
  readonly visible: boolean | null;
}

export interface AnnouncedTable {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly AnnouncedColumn[];
}
