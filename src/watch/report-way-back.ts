/**
 * What the soak has compared of the way back, as its engine keeps it beside the journal: which tables stand as equal and since
 * when, and how many rows do not. The ledger's proof is of the way forward and says nothing of these. Pure; no key and no value.
 */

/** Of one soak. */
export interface SoakRecords {
  readonly cutover: string;
  /** Tables that were found equal, apart from the rows on record; the batch of the way back that this holds for. */
  readonly clean: readonly { readonly table: string; readonly seq: string; readonly at: string }[];
  readonly records: readonly {
    readonly table: string;
    readonly state: "suspect" | "different" | "pending";
  }[];
}

export interface WayBackReport {
  readonly cutover: string;
  readonly tables: readonly {
    readonly table: string;
    /** null: it is to be compared again as a whole. */
    readonly equal: { readonly seq: string; readonly at: string } | null;
    readonly different: number;
    /** Rows that are looked at again. */
    readonly pending: number;
  }[];
  readonly sentences: readonly string[];
}

/** `records`: null where this folder has none of that soak. */
export function wayBackReport(
  cutover: string,
  records: SoakRecords | null,
  names: readonly string[],
): WayBackReport {
  if (records?.cutover !== cutover)
    return {
      cutover,
      tables: [],
      sentences: [
        `What the soak of ${cutover} has compared on the way back is kept by its engine, in its own folder, and is not here.`,
      ],
    };
  const tables = names.map((table) => {
    const clean = records.clean.find((each) => each.table === table);
    const mine = records.records.filter((each) => each.table === table);
    const different = mine.filter(({ state }) => state === "different").length;
    return {
      table,
      equal: clean === undefined ? null : { seq: clean.seq, at: clean.at },
      different,
      pending: mine.length - different,
    };
  });
  const standing = tables.filter(({ equal }) => equal !== null);
  const times = standing.flatMap(({ equal }) => (equal === null ? [] : [equal.at])).sort();
  const open = tables.filter(({ equal }) => equal === null).map(({ table }) => table);
  const differing = tables.filter(({ different }) => different > 0);
  const rows = differing.reduce((sum, { different }) => sum + different, 0);
  const pending = tables.reduce((sum, each) => sum + each.pending, 0);
  const [first, last] = [times.at(0), times.at(-1)];
  const span = first === undefined || last === undefined ? "" : `, compared between ${first} and ${last}`;
  return {
    cutover,
    tables,
    sentences: [
      `On the way back, ${String(standing.length)} of ${String(tables.length)} tables stand as equal up to a batch that is on record${span}; what was written since is compared as it comes.`,
      ...(open.length === 0 ? [] : [`Nothing is claimed of ${open.join(", ")}: to be compared as a whole.`]),
      rows === 0
        ? "No row is on record as different on the way back."
        : `${String(rows)} ${rows === 1 ? "row is" : "rows are"} on record as different on the way back: ${differing.map(({ table, different }) => `${table} (${String(different)})`).join(", ")}.`,
      ...(pending === 0
        ? []
        : [
            `${String(pending)} ${pending === 1 ? "row is" : "rows are"} looked at again before anything is said of ${pending === 1 ? "it" : "them"}.`,
          ]),
    ],
  };
}
