/** What a provider offers: the programs of one server, or why it has none. Types only, so that providers and their chooser are no circle. */

/** One server's programs, ready to be given options. */
export interface Programs {
  readonly provider: "path" | "packages";
  /** As the server says it: "9.7.4". */
  readonly version: string;
  /** The server program as an argv prefix: a loader may come before it. */
  readonly server: readonly string[];
  /** PostgreSQL's initdb. */
  readonly initdb?: readonly string[];
  /** Options that tell MySQL and MariaDB where their own files lie. */
  readonly layout: readonly string[];
  /** Where MariaDB's bootstrap SQL lies. */
  readonly share?: string;
  /** A ready data folder to copy (MySQL 5.6, which has no --initialize). */
  readonly template?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A source of programs answers with them, or with the reason why it has none. */
export type Offer = Programs | { readonly unusable: string };
