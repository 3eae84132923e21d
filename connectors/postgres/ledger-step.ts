/** One numbered step of the ledger's own schema; never edited once released. */
export interface LedgerStep {
  readonly number: number;
  readonly sql: string;
}
