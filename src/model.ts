/**
 * The nouns of Headgate, types only: what a source's catalogue says, what a plan decided, what a range, a
 * position and a finding are. Everything here is plain readonly data that survives JSON, because plans and the
 * ledger are files and rows that people read. 64-bit counts are strings where they come from a server, so that
 * no digit is lost on the way (design.md, decision 16).
 */
import type { TopicOffset } from "./port.js";

/** The engines that a server can turn out to be; the server says it, never the URL. */
export type SourceEngine = "mysql" | "mariadb";

/** What a server said of itself. `identity` is equal for two connections exactly when they reach one server. */
export interface ServerFacts {
  readonly engine: SourceEngine | "postgres";
  /** As the server prints it, e.g. `9.7.4`, `10.11.19-MariaDB-log`, `18.4`. */
  readonly version: string;
  /** MySQL: server_uuid; MariaDB: hostname:port:server_id; PostgreSQL: system_identifier. */
  readonly identity: string;
  readonly database: string;
  /** Settings that later phases depend on, by their name on the server, as text. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A column's default, told apart from "none" and "NULL" whatever way the server spells it (types.md 4.1). */
export type ColumnDefault =
  | { readonly kind: "none" }
  | { readonly kind: "null" }
  | { readonly kind: "literal"; readonly text: string }
  /** b'101' or x'00ff' defaults and binary columns: bytes in lower-case hex. */
  | { readonly kind: "bytes"; readonly hex: string }
  /** CURRENT_TIMESTAMP(fsp). */
  | { readonly kind: "now"; readonly fsp: number }
  | { readonly kind: "expression"; readonly text: string };

/** One column of the source, with the declared type taken apart. */
export interface SourceColumn {
  readonly name: string;
  /** 1-based place in the table. */
  readonly ordinal: number;
  /** COLUMN_TYPE exactly as the catalogue has it, e.g. `int(10) unsigned zerofill`. */
  readonly columnType: string;
  /** Bare type in lower case: int, varchar, enum, json, uuid, ... MariaDB's JSON alias is told as `json`. */
  readonly type: string;
  /** Display width or length in parentheses: tinyint(1), char(10), bit(8), binary(16); null when there is none. */
  readonly length: number | null;
  /** decimal(p,s), float(m,d), double(m,d). */
  readonly precision: number | null;
  readonly scale: number | null;
  /** Fraction digits of time, datetime, timestamp: 0 to 6. */
  readonly fsp: number;
  readonly unsigned: boolean;
  readonly zerofill: boolean;
  readonly charset: string | null;
  readonly collation: string | null;
  readonly nullable: boolean;
  readonly default: ColumnDefault;
  /** ON UPDATE CURRENT_TIMESTAMP(fsp): its fsp, else null. */
  readonly onUpdateNow: number | null;
  readonly generated: { readonly expression: string; readonly stored: boolean } | null;
  readonly autoIncrement: boolean;
  readonly invisible: boolean;
  readonly comment: string;
  /** Labels of enum and set, unescaped, in definition order; empty otherwise. */
  readonly labels: readonly string[];
  /** Spatial reference of a geometry column, null when unrestricted. */
  readonly srid: number | null;
}

/** One part of an index: a column (perhaps only a prefix of it) or an expression. */
export interface IndexPart {
  readonly column: string | null;
  readonly expression: string | null;
  /** Prefix length (characters, or bytes of a binary column), null for the whole value. */
  readonly prefix: number | null;
  readonly descending: boolean;
}

export interface SourceIndex {
  readonly name: string;
  readonly primary: boolean;
  readonly unique: boolean;
  readonly kind: "btree" | "fulltext" | "spatial";
  readonly visible: boolean;
  readonly parts: readonly IndexPart[];
  /** MariaDB: the last two parts are the end and the start of a period, and no two rows' periods may overlap. */
  readonly withoutOverlaps?: true;
  readonly comment: string;
}

export type ReferentialAction = "restrict" | "no action" | "cascade" | "set null" | "set default";

export interface SourceForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** Another database's name when the key leaves this one, else null. */
  readonly referencedDatabase: string | null;
  readonly referencedTable: string;
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

export interface SourceCheck {
  readonly name: string;
  readonly expression: string;
  readonly enforced: boolean;
}

export interface SourceTable {
  readonly name: string;
  readonly engine: string;
  /** The optimizer's estimate, never used as a truth. */
  readonly estimatedRows: number;
  /** Data and index bytes as the server estimates them. */
  readonly dataBytes: number;
  readonly indexBytes: number;
  readonly comment: string;
  readonly charset: string | null;
  readonly collation: string | null;
  /** Next AUTO_INCREMENT value in decimal, null when the table has none. */
  readonly autoIncrement: string | null;
  readonly columns: readonly SourceColumn[];
  readonly indexes: readonly SourceIndex[];
  readonly foreignKeys: readonly SourceForeignKey[];
  readonly checks: readonly SourceCheck[];
  /** e.g. `RANGE COLUMNS`, with its partitions' names; null when not partitioned. */
  readonly partitioning: {
    readonly method: string;
    readonly partitions: readonly string[];
    /** As the catalogue spells it: columns, or a function of one. */
    readonly expression?: string | null;
    /** One text a partition: `100`, `MAXVALUE`, `'2000-01-01',5`, `1,2,NULL`. */
    readonly bounds?: readonly (string | null)[];
    readonly subpartitioned?: boolean;
  } | null;
  /** MariaDB: WITH SYSTEM VERSIONING. */
  readonly systemVersioned: boolean;
}

/** What the source says of a view beside its query. */
export interface SourceView {
  /** As the catalogue types them, in order; empty where the server cannot say. */
  readonly columns: readonly SourceColumn[];
  readonly checkOption: "none" | "local" | "cascaded";
  readonly security: "definer" | "invoker";
  /** `user@host`. */
  readonly definer: string;
  /** Why nobody can read it (definer gone, table gone), in the server's words; null where it can be read. */
  readonly problem: string | null;
}

/** What has no rows of its own but must be accounted for. */
export interface SourceObject {
  readonly kind: "view" | "procedure" | "function" | "trigger" | "event" | "sequence";
  readonly name: string;
  /** A trigger's table. */
  readonly on: string | null;
  readonly definition: string;
  /** Of a view only. */
  readonly view?: SourceView;
  /** Whose rights it runs with; absent where the kind has no such thing (sequences). */
  readonly runs?: ProgramRights;
  /** The catalogue keeps its text from this account, so `definition` is empty. */
  readonly hidden?: boolean;
  /** Why the server cannot use it any more, in its own words; a view over a table that is gone. */
  readonly broken?: string;
  /** Who had it locked, so that whether the server can use it is not known; of a view only. */
  readonly busy?: string;
  /** What stands before the body: `every 1 day, disabled` of an event, parameters and result of a routine. */
  readonly head?: string;
  /** A sequence's own; absent where this account may not read it. */
  readonly sequence?: SourceSequence;
}

/** MariaDB's sequence, each number in decimal. */
export interface SourceSequence {
  /** The first value that no session has been given or keeps in its cache. */
  readonly next: string;
  readonly start: string;
  readonly minimum: string;
  readonly maximum: string;
  /** 0 stands for the server's auto_increment_increment. */
  readonly increment: string;
  readonly cycles: boolean;
}

export interface ProgramRights {
  /** `user@host`. */
  readonly definer: string;
  /** Whether that account exists; null where this account may not look. */
  readonly exists: boolean | null;
  readonly security: "definer" | "invoker";
}

/** What one account of the source may do with the database; a line of its grants. */
export interface SourceAccount {
  /** `user@host`. */
  readonly account: string;
  /** `*.*`, `shop.*` or `shop.orders`; `shop.orders(id)` for columns. */
  readonly on: string;
  readonly privileges: readonly string[];
}

/** All that the source's catalogue says about one database. Tables in name order. */
export interface Catalogue {
  readonly database: string;
  readonly engine: SourceEngine;
  readonly version: string;
  readonly tables: readonly SourceTable[];
  readonly objects: readonly SourceObject[];
  /** Other accounts with rights here, in order; null where this account may not see them; absent where nobody asked. */
  readonly accounts?: readonly SourceAccount[] | null;
}

/** What may be changed on the way, declared in the config; `refuse` everywhere when nothing is said. */
export interface ColumnPolicy {
  readonly zeroDate: "null" | "-infinity" | "refuse";
  readonly nul: "strip" | "bytea" | "refuse";
  /** The charset whose bytes are really UTF-8, or `refuse`. */
  readonly badText: { readonly recode: string } | "refuse";
  readonly enumZero: "keep" | "null" | "refuse";
}

export type PolicyName = keyof ColumnPolicy;

/** What an ICU collation tells apart: accents (ai, as) and case (ci, cs). */
export type IcuStrength = "ai_ci" | "as_ci" | "ai_cs" | "as_cs";

/** A nondeterministic ICU collation that the plan creates in the target's schema. */
export interface IcuCollation {
  /** Bare name, e.g. `headgate_ci_ai`, `headgate_sv_ci_ai`. */
  readonly name: string;
  /** What makes it, e.g. `und-u-ks-level1`. */
  readonly locale: string;
  readonly strength: IcuStrength;
  /** A key of typemap/collation.ts's languages, empty for the root rules. */
  readonly language: string;
}

/** When two texts are one value: for a column's own `=` on the target, or for a part of a unique index there. */
export interface TextEquality {
  /** `bytes`: every byte counts, as PostgreSQL does by itself; `lower`: lower(c) does; `icu`: what the collation tells apart. */
  readonly by: "bytes" | "lower" | "icu";
  /** null unless `by` is icu. */
  readonly collation: IcuCollation | null;
  /** Blanks at the end make no difference (PAD SPACE). */
  readonly padded: boolean;
}

export interface PlanColumn {
  /** The source's column, whole: the codec is a function of it, the target type and the policy. */
  readonly column: SourceColumn;
  readonly source: string;
  readonly target: string;
  readonly sourceType: string;
  /** As PostgreSQL's format_type() spells it: `character varying(40)`, `timestamp(6) without time zone`. */
  readonly targetType: string;
  /** Name of the rule that won. */
  readonly rule: string;
  readonly nullable: boolean;
  readonly policy: ColumnPolicy;
  readonly identity: "identity" | "serial" | null;
  /** targetType is an enum type that the plan creates; on the wire it is text, so its codec is text's. */
  readonly nativeEnum?: boolean;
  /** The target judges its values by the labels that the catalogue tells: by a CHECK of the plan, or an enum type. */
  readonly heldToLabels?: boolean;
  /** How the target's `=` compares this text; absent where it is no text, or every byte counts. */
  readonly equality?: TextEquality;
  /** The column is the first of one of the source's indexes, whose order a query may stand on. */
  readonly indexed?: boolean;
  /** The collation that the target sorts it by where that is not the database's own: C. */
  readonly sortedBy?: "C";
}

/** The key by which a table is ranged and its rows are told apart; null on the table when it has none. */
export interface PlanKey {
  /** The source's index. */
  readonly index: string;
  readonly columns: readonly string[];
  readonly primary: boolean;
}

/**
 * An index as the target will have it: what its entries are made of, so that the source's values can be asked whether
 * they fit. A unique key of text has two of them where the source's collation holds more equal than the target's `=`.
 */
export interface PlanIndex {
  readonly source: string;
  readonly target: string;
  readonly unique: boolean;
  /** It stands beside the source's index of that name, for what the source's collations hold equal. */
  readonly beside?: boolean;
  readonly parts: readonly {
    /** The source's column. */
    readonly column: string;
    /** Characters of the target's value that are in the entry (bytes where it is bytea); null for the whole. */
    readonly prefix: number | null;
    /** The entry holds a hash of the value (policy longIndex). */
    readonly hashed: boolean;
    /** As the source spells it, where the entry is no column (`column` is empty then); `long`: a text or bytes. */
    readonly expression?: { readonly source: string; readonly long: boolean };
    /** When two texts are one entry; absent where every byte counts, or the type alone says it. */
    readonly equality?: TextEquality;
  }[];
}

/** A foreign key that the target will have, in the source's names. */
export interface PlanForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedTable: string;
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  /** keep: rows without a parent stay, and the key is never validated (policy orphans). */
  readonly orphans: "keep" | "refuse";
}

/** A foreign key of the source that the target will not have. */
export interface PlanLeftKey {
  readonly name: string;
  /** As the end of a sentence. */
  readonly why: string;
  /** As the target's rows can be asked about it all the same; null where they cannot. */
  readonly asked: PlanForeignKey | null;
  /** As the source's rows can be; null where its other table or a column stays behind. */
  readonly onSource: PlanForeignKey | null;
}

export interface PlanTable {
  readonly source: string;
  readonly target: string;
  readonly lane: string;
  readonly key: PlanKey | null;
  readonly columns: readonly PlanColumn[];
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  /** It stands on the target as a partitioned table, which takes no COPY FREEZE. */
  readonly partitioned?: boolean;
  /** Copied by one exact cut instead of ranges that replay mends (design.md, decision 4). */
  readonly exactCut: boolean;
  /** What is built over the table; absent in a plan that builds nothing. */
  readonly indexes?: readonly PlanIndex[];
  readonly foreignKeys?: readonly PlanForeignKey[];
  /** Absent where all of the source's are built, and in a plan of an older build. */
  readonly leftKeys?: readonly PlanLeftKey[];
  /** CHECKs that rows of the source may break, as SQL of the source; `rule`: it is not the source's own. */
  readonly checks?: readonly { readonly name: string; readonly source: string; readonly rule: boolean }[];
}

/** One statement of the target's DDL, named so that a second `run` knows what it built. */
export interface PlanStatement {
  /** Stable and unique in the plan, e.g. `index public.orders orders_user_id_idx`. */
  readonly name: string;
  readonly kind:
    | "schema"
    | "collation"
    | "type"
    | "table"
    | "partition"
    | "comment"
    | "sequence"
    | "primary"
    | "unique"
    | "index"
    | "check"
    | "foreign"
    | "validate"
    | "identity"
    | "trigger"
    | "view"
    | "analyze";
  /** Target table, null for what belongs to none. */
  readonly table: string | null;
  readonly sql: string;
  /** Of a table: the same without the defaults of its columns, and these by column. Absent where there is none. */
  readonly bare?: string;
  readonly defaults?: Readonly<Record<string, string>>;
  /** Of a VALIDATE: the query that names the rows in its way, as columns rows and key. */
  readonly violations?: string;
  /** What it means, and what to do, when the target finds two rows equal that the statement wants apart. */
  readonly duplicate?: string;
  /** Names that the statement takes in the plan's schema, besides the tables'. */
  readonly creates?: readonly CreatedName[];
  /** Source columns for which it holds SQL of headgate.yaml, which nobody has tried before. */
  readonly own?: readonly string[];
  /** Takes it away again; only where the change stream must not meet it before the join (design.md, decision 5). */
  readonly undo?: string;
  /** Takes it away again, of what has no `undo`: for a plan that has it no more, or has something else of its name. */
  readonly drop?: string;
}

/** PostgreSQL's namespaces of a schema: tables, indexes and sequences share one. */
export interface CreatedName {
  readonly space: "relation" | "type" | "function";
  readonly name: string;
}

export type ProgramRisk = "low" | "medium" | "high";

/** One object without rows, as the inventory tells it. Nothing in it is translated by being listed. */
export interface PlanObject {
  readonly kind: SourceObject["kind"];
  readonly name: string;
  readonly on: string | null;
  readonly head: string;
  readonly definer: string | null;
  /** null where it cannot be known. */
  readonly definerExists: boolean | null;
  readonly security: "definer" | "invoker" | null;
  /** null where its text is hidden. */
  readonly lines: number | null;
  readonly risk: ProgramRisk;
  /** The constructs that make the risk, worst first. */
  readonly why: readonly string[];
  /** Tables and columns that its text names, by spelling. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly columns: readonly string[];
  /** Functions that PostgreSQL lacks, with the rewrite or what to do by hand. */
  readonly functions: readonly { readonly name: string; readonly count: number; readonly rewrite: string }[];
}

/** What an account of the source would need on the target. */
export interface PlanAccount {
  readonly account: string;
  readonly risk?: ProgramRisk;
  readonly rights: readonly string[];
  readonly grants: readonly string[];
}

export interface Inventory {
  readonly objects: readonly PlanObject[];
  /** null where they could not be read. */
  readonly accounts: readonly PlanAccount[] | null;
}

/** A view that the plan creates, and how its rows are compared with the source's. */
export interface PlanView {
  readonly source: string;
  readonly target: string;
  /** The name of the statement that creates it. */
  readonly statement: string;
  readonly columns: readonly PlanViewColumn[];
  /** Why its rows are not compared, as the end of a sentence; null where they are. */
  readonly uncompared: string | null;
  /** It shows one of several texts that a collation holds equal, and which one neither server says. */
  readonly anySpelling?: true;
}

export interface PlanViewColumn {
  readonly source: string;
  readonly target: string;
  readonly sourceType: string;
  readonly targetType: string;
  /** One text for equal values on both sides, as SQL over the column; null where there is none. */
  readonly canonical: { readonly source: string; readonly target: string } | null;
  /** A list whose order the source leaves open, by its separator. */
  readonly unordered: string | null;
}

/** A generated column of the source whose expression is translated; on the target it is plain. */
export interface PlanGenerated {
  /** `table.column` in the source's names. */
  readonly object: string;
  /** Target names. */
  readonly table: string;
  readonly column: string;
  /** The expression over the target's columns. */
  readonly sql: string;
}

export interface Plan {
  readonly version: 1;
  readonly migration: string;
  readonly database: string;
  readonly schema: string;
  /** SHA-256 over the catalogue and the config's part in the plan; `run` compares it. `asked`: over the config's part alone. */
  readonly fingerprint: string;
  readonly asked?: string;
  readonly lanes: readonly string[];
  readonly tables: readonly PlanTable[];
  /** Source tables that tables.include and tables.exclude leave out. What may be absent is so in a plan that an older version wrote. */
  readonly leftOut?: readonly string[];
  /** Before the data: schema, tables, defaults, comments. */
  readonly before: readonly PlanStatement[];
  /** After the data: keys, indexes, checks, foreign keys, identities past max, triggers. */
  readonly after: readonly PlanStatement[];
  /** Views that `after` creates, in an order in which each stands on those before it. */
  readonly views?: readonly PlanView[];
  readonly generated?: readonly PlanGenerated[];
  readonly sequences?: readonly { readonly source: string; readonly target: string }[];
  readonly findings: readonly Finding[];
  readonly inventory?: Inventory;
}

/** A half-open interval of a key in the source's own order: lower <= key < upper; null is unbounded. */
export interface Range {
  readonly table: string;
  /** 0-based, in key order. */
  readonly number: number;
  /** One text per key column, as the source compares it; lower-case hex for binary columns. Made and read by the source's connector only. */
  readonly lower: readonly string[] | null;
  readonly upper: readonly string[] | null;
}

/** Ranges of one table that a run leaves alone: numbers `first` to `last`, both included. */
export interface Hold {
  readonly table: string;
  readonly first: number;
  /** null: to the table's last range. */
  readonly last: number | null;
}

/** Which end of a table's key is copied first. Bounds and numbers of ranges are the same either way. */
export type RangeOrder = "oldest" | "newest";

/** Where in the source's log. Compared by the connector that made it, never as text. With a set, file and offset say how far back its log is needed. */
export type Position =
  // server: whose file it is, where that is known: numbers that a crash took back are given away again.
  // end: where that file was read to, with something left out whose beginning `file` and `offset` are.
  | (LogPlace & {
      readonly kind: "gtid";
      readonly set: string;
      readonly server?: string;
      readonly end?: { readonly file: string; readonly offset: string };
    })
  | (LogPlace & { readonly kind: "file" });

interface LogPlace {
  readonly file: string;
  readonly offset: string;
  readonly without?: readonly LeftOut[];
  /**
   * When that file (`end`'s, where there is one) was begun, in seconds by the source's clock: a log that is begun anew gives
   * the same file names and numbers away again. Absent where nobody knows; no part of any comparison.
   */
  readonly made?: number;
  /** Where a reader of these topics has all that the position does not hold, and the settings by which values are written there. No part of any comparison; only the feed over Kafka looks at them. */
  readonly topics?: readonly TopicOffset[];
  readonly form?: Readonly<Record<string, string>>;
}

/** A transaction that was prepared (XA) and had not ended: the position leaves it out, though it holds later ones. */
export interface LeftOut {
  readonly name: string;
  /** What stands before it, where a name does not say so: whoever reads on from there meets it. */
  readonly after?: string;
}

export type Severity = "error" | "warning" | "info";

/** One thing that `check` found. `fix` is what to do, in one sentence; `propose` are config lines that settle it. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  /** `table.column`, `table`, `server.setting`, ... in the source's names. */
  readonly object: string;
  readonly sentence: string;
  readonly fix: string;
  readonly count: number;
  /** Up to five keys of rows that show it, as text; never values of other columns. */
  readonly sampleKeys: readonly string[];
  /** The values of these rows, in the same order; only where somebody asked to see them. */
  readonly sampleValues?: readonly string[];
  readonly propose?: readonly string[];
  /** The same for a program. `init` writes them, but for those that are one of several choices. */
  readonly settle?: readonly Settling[];
}

/** One line of headgate.yaml: an item of a list without its dash, or `"source": target` of a rename. */
export interface Settling {
  readonly section: "rename" | "columns" | "typemap" | "policies";
  /** Whose columns are renamed. */
  readonly table?: string;
  readonly yaml: string;
  /** There are other ways to settle it, so a person decides. */
  readonly byChoice?: true;
}

/** The exact statements that give our account what one phase needs. */
export interface PhaseGrants {
  readonly phase: string;
  readonly server: "source" | "target";
  readonly statements: readonly string[];
}

/** `streaming` once the log is applied, `ready` while nothing stands in the way of a cutover, `soaking` with the target open and the reverse stream running, `rolled_back` with the source open again. */
export type MigrationState =
  | "new"
  | "copying"
  | "building"
  | "copied"
  | "streaming"
  | "ready"
  | "stopped"
  | ("soaking" | "rolled_back" | "completed" | "abandoned");
