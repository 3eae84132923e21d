/**
 * The grammar of one type map rule, as typemaps/*.yaml and the `typemap:` list of headgate.yaml have it.
 * `match` says which columns, `to` what becomes of them. Rules are tried in order, the user's before the built-in
 * ones; the first that matches and names a type wins. A rule without a type only refines: what it says of default,
 * check or identity holds, and matching goes on. The schema converts to JSON Schema, so editors know the grammar.
 */
import { z } from "zod";
import { parseTypePattern } from "./type-pattern.js";

const globs = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const typePattern = z
  .string()
  .min(1)
  .refine((text) => parseTypePattern(text) !== null, {
    error: "no MySQL or MariaDB type: write it as the catalogue does, e.g. tinyint(1), int unsigned, *text",
  });

const count = z.union([
  z.int().min(0),
  z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }),
]);

/** Which columns a rule or a policy is about. Everything that is said must hold; no condition matches every column. */
export const matchSchema = z
  .strictObject({
    type: z.union([typePattern, z.array(typePattern).min(1)]).optional(),
    length: count.optional(),
    precision: count.optional(),
    scale: count.optional(),
    fsp: count.optional(),
    unsigned: z.boolean().optional(),
    zerofill: z.boolean().optional(),
    nullable: z.boolean().optional(),
    /** A kind of default, or { literal: glob } over a literal's text. */
    default: z
      .union([
        z.enum(["none", "null", "literal", "bytes", "now", "expression"]),
        z.strictObject({ literal: z.string() }),
      ])
      .optional(),
    table: globs.optional(),
    column: globs.optional(),
    charset: globs.optional(),
    collation: globs.optional(),
    autoIncrement: z.boolean().optional(),
    generated: z.boolean().optional(),
    /** primary, unique, foreign: part of such a key; any: of one of them; none: of none; auto: AUTO_INCREMENT, or tied to such a column by foreign keys. */
    key: z.enum(["primary", "unique", "foreign", "any", "none", "auto"]).optional(),
    /** The server that the source turned out to be. */
    engine: z.enum(["mysql", "mariadb"]).optional(),
    /** The table's storage engine, e.g. InnoDB. */
    storage: globs.optional(),
  })
  .describe("Which columns; every condition that is written must hold.");

/** Checks and defaults that the grammar knows by name; any other text is SQL of the user's. */
export const namedChecks: ReadonlySet<string> = new Set([
  "not-negative",
  "labels",
  "members",
  "empty",
  "none",
]);
export const namedDefaults: ReadonlySet<string> = new Set(["keep", "drop"]);

export const targetSchema = z
  .strictObject({
    /** A PostgreSQL type; {length}, {precision}, {scale}, {fsp} stand for the source's; `enum` makes a native enum type of the labels. */
    type: z.string().min(1).optional(),
    /** not-negative, labels, members, empty, none, or SQL with {column} in it. */
    check: z.string().min(1).optional(),
    /** keep (translated), drop, or SQL that is taken as it stands. */
    default: z.string().min(1).optional(),
    /** How an AUTO_INCREMENT column counts on. */
    identity: z.enum(["identity", "serial", "none"]).optional(),
    /** What of the source's collation the target keeps: its unique keys alone by a second unique index (keys, the default), the column under ICU (icu), a unique index over lower(c) (lower), or nothing (c: the collation "C"; default: the database's). */
    collation: z.enum(["keys", "icu", "lower", "c", "default"]).optional(),
    /** Named codec where a pair of types has more than one. */
    codec: z.string().min(1).optional(),
  })
  .refine((to) => Object.values(to).some((value) => value !== undefined), {
    error: "say at least one of type, check, default, identity, collation, codec",
  });

export const ruleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .optional(),
  why: z.string().optional(),
  /** `source type => target type`; the built-in ones are run as tests. */
  example: z.union([z.string(), z.array(z.string())]).optional(),
  match: matchSchema,
  to: targetSchema,
});

export type Match = z.infer<typeof matchSchema>;
export type Rule = z.infer<typeof ruleSchema>;
export type KeptCollation = NonNullable<Rule["to"]["collation"]>;

/** A rule with the name that plans and reports call it by. */
export interface NamedRule {
  readonly name: string;
  readonly rule: Rule;
  readonly builtIn: boolean;
}
