/**
 * What a random schema knows of a type: its words in DDL, values, defaults that the server takes, and how it may stand
 * in an index.
 */
import type { Arbitrary } from "fast-check";

export type Family = "integer" | "number" | "text" | "bytes" | "label" | "temporal" | "document" | "other";

export interface Kind {
  readonly family: Family;
  /** As it stands after the column's name, with its charset and collation. */
  readonly type: string;
  readonly values: readonly Arbitrary<string>[];
  /** What may stand after DEFAULT without parentheses. */
  readonly defaults: readonly string[];
  /** How many bytes it takes in an index at most; null where only a prefix can, and "never" where nothing. */
  readonly indexBytes: number | null | "never";
  /** For CURRENT_TIMESTAMP; null for what has none. */
  readonly fsp: number | null;
}

export type Engine = "mysql" | "mariadb";
