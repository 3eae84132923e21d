/** How DDL that the stream stands before is kept in the ledger, beside refused changes. */

/** Why the stream stands before DDL that leaves all rows that were there as they were. */
export const additionReason = "schema-added";

/** Whether a quarantined entry is DDL. */
export function isSchemaChange(reason: string): boolean {
  return reason === "schema-changed" || reason === additionReason;
}
