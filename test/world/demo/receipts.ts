/**
 * What the application itself knows of its writes: a token for each transaction, written in it, and whether it was
 * acknowledged. In the end every acknowledged token is on the side that serves exactly once, none that failed is, and one
 * whose answer was lost is there once or not at all. The database holds nothing against a token that is there twice: its key
 * is another column, so that "exactly once" is the move's doing.
 */
import type { Connection } from "mysql2/promise";
import type { Client } from "pg";

export const receiptsTable = `CREATE TABLE receipts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, token CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  clerk TINYINT UNSIGNED NOT NULL, at DATETIME(6) NOT NULL
) COMMENT 'One row for each transaction of the application'`;

export type Outcome = "acknowledged" | "failed" | "unknown";

/** By token. */
export type Receipts = ReadonlyMap<string, Outcome>;

export interface Reckoning {
  readonly acknowledged: number;
  readonly unknown: number;
  /** Acknowledged and not there. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly twice: readonly string[];
  /** There, though it failed, or never written by anybody. */
  readonly uncalledFor: readonly string[];
}

export function reckon(receipts: Receipts, found: readonly string[]): Reckoning {
  const counts = new Map<string, number>();
  for (const token of found) counts.set(token, (counts.get(token) ?? 0) + 1);
  const of = (outcome: Outcome): string[] =>
    [...receipts].flatMap(([token, how]) => (how === outcome ? [token] : []));
  const acknowledged = of("acknowledged");
  return {
    acknowledged: acknowledged.length,
    unknown: of("unknown").length,
    lost: acknowledged.filter((token) => !counts.has(token)),
    twice: [...counts].flatMap(([token, times]) => (times > 1 ? [token] : [])),
    uncalledFor: [...counts.keys()].filter((token) => (receipts.get(token) ?? "failed") === "failed"),
  };
}

export function isExact({ lost, twice, uncalledFor }: Reckoning): boolean {
  return lost.length + twice.length + uncalledFor.length === 0;
}

export async function tokensAtSource(source: Connection): Promise<readonly string[]> {
  const [rows] = await source.query({ sql: "SELECT token FROM receipts", rowsAsArray: true });
  return (rows as string[][]).map(([token = ""]) => token);
}

export async function tokensAtTarget(target: Client): Promise<readonly string[]> {
  const { rows } = await target.query<{ token: string }>("SELECT token::text AS token FROM receipts");
  return rows.map(({ token }) => token.trimEnd());
}
