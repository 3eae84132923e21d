/**
 * The proof's part of the page: the sentences, a bar for each table of what is known of its rows, and the rows on record.
 * The bars are a picture of figures that stand beside them as text; colours are never the only sign.
 */
import type { MomentReport, ReportProof, TableReport } from "./report-body.js";
import { escaped, figures, grid, list, paragraphs } from "./report-markup.js";

export function proofHtml(proof: ReportProof): string {
  const { tables, runs, repairs } = proof;
  return `<h2>What is proven</h2>
${grid(
  "Checklist",
  ["point", "result", "evidence"],
  proof.checklist.map(({ point, result, evidence }) => [point, result, evidence]),
  [],
)}
${list(proof.sentences)}
${tables.length === 0 ? "" : picture(tables)}
${tables.length === 0 ? "" : tablesHtml(tables)}
<h3>Rows that are on record</h3>
${tables.some(({ mismatches }) => mismatches.length > 0) ? tables.map(mismatchesHtml).join("\n") : "<p>None.</p>"}
<h3>Columns, and what the comparison cannot see</h3>
${columnsHtml(tables)}
${list(proof.unseen)}
<h3>Verifications</h3>
${
  runs.length === 0
    ? "<p>None has run.</p>"
    : grid(
        "Verifications, the newest first",
        ["begun", "ended", "kind", "method", "tables", "figures"],
        runs.map((run) => [
          run.startedAt,
          run.endedAt ?? "not ended",
          run.sample === null
            ? run.kind
            : `${run.kind} of ${String(run.sample.percent)} %, seed ${String(run.sample.seed)}`,
          run.method,
          String(run.tables.length),
          figures(run.facts),
        ]),
        [4],
      )
}
<h3>Repairs</h3>
${
  repairs.length === 0
    ? "<p>No row was repaired.</p>"
    : grid(
        "Rows that were repaired",
        ["table", "rows", "first", "last"],
        repairs.map(({ table, rows, firstAt, lastAt }) => [table, rows, firstAt, lastAt]),
        [1],
      )
}`;
}

/** Shares of a table's rows, as far as they are known. */
interface Part {
  readonly name: "clean" | "touched since" | "to be looked at again" | "different" | "never compared";
  readonly rows: bigint;
}

const looks: Readonly<Record<Part["name"], string>> = {
  clean: "#1a7f37",
  "touched since": "#9ec9f5",
  "to be looked at again": "#d4a72c",
  different: "#cf222e",
  "never compared": "#d0d7de",
};

export function partsOf(table: TableReport): readonly Part[] {
  const recorded = BigInt(table.recorded);
  const wait = table.standing === "different" ? 0n : recorded;
  const different = recorded - wait;
  if (table.clean === null || table.rowsSource === null)
    return [
      { name: "different", rows: different },
      { name: "to be looked at again", rows: wait },
      { name: "never compared", rows: 1n },
    ];
  const all = BigInt(table.rowsSource);
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const touched = table.touched?.whole === true ? all : least(all, BigInt(table.touched?.keys ?? "0"));
  const left = all - touched - recorded;
  return [
    { name: "clean", rows: left > 0n ? left : 0n },
    { name: "touched since", rows: touched },
    { name: "to be looked at again", rows: wait },
    { name: "different", rows: different },
  ];
}

const [barAt, barWidth, line] = [220, 520, 26] as const;

function picture(tables: readonly TableReport[]): string {
  const bars = tables.map((table, index) => {
    const parts = partsOf(table).filter(({ rows }) => rows > 0n);
    const all = parts.reduce((sum, { rows }) => sum + rows, 0n);
    const y = index * line;
    let x = barAt;
    const rects = parts.map(({ name, rows }) => {
      // One row of a billion is to be seen too.
      const width = Math.max(2, Number((rows * 10_000n) / all) * (barWidth / 10_000));
      const rect = `<rect x="${x.toFixed(1)}" y="${String(y + 4)}" width="${width.toFixed(1)}" height="16" fill="${looks[name]}"/>`;
      x += width;
      return rect;
    });
    if (rects.length === 0)
      rects.push(
        `<rect x="${String(barAt)}" y="${String(y + 4)}" width="2" height="16" fill="${looks.clean}"/>`,
      );
    return `<text x="0" y="${String(y + 17)}">${escaped(shortened(table.table))}</text>${rects.join("")}`;
  });
  const legend = Object.entries(looks)
    .map(
      ([name, colour]) =>
        `<span class="k"><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="${colour}"/></svg> ${escaped(name)}</span>`,
    )
    .join(" ");
  const height = tables.length * line;
  return `<figure><svg role="img" aria-label="A bar a table: shares of its rows that are clean, touched since, to be looked at again, different, or never compared. The table below has the figures." viewBox="0 0 ${String(barAt + barWidth + 20)} ${String(height)}" width="100%">
${bars.join("\n")}
</svg><figcaption>${legend}</figcaption></figure>`;
}

function shortened(name: string): string {
  return name.length > 28 ? `${name.slice(0, 27)}…` : name;
}

function tablesHtml(tables: readonly TableReport[]): string {
  return grid(
    "Each table, as it was last compared; rows as its ranges had them one after the other while both sides moved",
    [
      "table",
      "standing",
      "rows, source",
      "rows, target",
      "ranges",
      "method",
      "compared at",
      "clean at",
      "touched since",
      "on record",
    ],
    tables.map((table) => [
      table.table,
      table.standing === "never" ? "never compared whole" : table.standing,
      table.rowsSource ?? "",
      table.rowsTarget ?? "",
      table.clean === null ? "" : String(table.ranges),
      table.method ?? "",
      momentText(table.compared),
      momentText(table.clean),
      table.touched === null ? "" : table.touched.whole ? "all of it, perhaps" : table.touched.keys,
      table.recorded,
    ]),
    [2, 3, 4, 8, 9],
  );
}

function momentText(moment: MomentReport | null): string {
  if (moment === null) return "";
  const { at, seq, position } = moment;
  const place = position === null ? "" : `, ${position.file}:${position.offset}`;
  return `${at}, batch ${seq}${place}${position?.kind === "gtid" ? `, ${position.set}` : ""}`;
}

function mismatchesHtml(table: TableReport): string {
  if (table.mismatches.length === 0) return "";
  const cut = table.truncated
    ? paragraphs([`${String(table.mismatches.length)} of ${table.recorded} rows are listed.`])
    : "";
  return `${grid(
    `Rows of ${table.table}`,
    ["key", "kind", "columns", "copies", "state", "looked at"],
    table.mismatches.map((row) => [
      row.key.join(", "),
      row.duplicate ? `${row.kind}, a copy of what the source has` : row.kind,
      row.columns.join(", "),
      String(row.copies),
      row.state,
      row.at,
    ]),
    [3],
  )}${cut}`;
}

function columnsHtml(tables: readonly TableReport[]): string {
  const known = tables.flatMap(({ table, columns }) => (columns === null ? [] : [{ table, columns }]));
  if (known.length === 0)
    return "<p>Not known: no plan.json of this migration is beside the config; headgate plan makes one.</p>";
  return grid(
    "Columns of each table",
    ["table", "compared", "not compared", "cannot be seen"],
    known.map(({ table, columns }) => [
      table,
      columns.compared.join(", "),
      columns.notCompared.join(", "),
      columns.unseen.join(" "),
    ]),
    [],
  );
}
