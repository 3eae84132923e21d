/**
 * What of a plan's columns change events do not carry exactly, before the first event: for `check`. Most of it is
 * mended by reading the row again; where that is no help, or the form itself loses digits, it is an error.
 */
import type { Finding, PlanColumn, PlanTable, SourceEngine } from "../../src/model.js";
import type { EventSettings } from "./event-settings.js";
import { carriedAs } from "./image/carried.js";
import { doubtsOf } from "./image/doubt.js";
import type { DoubtReason } from "./image/doubt.js";
import { toldApart } from "./image/told-apart.js";

export interface CarriageQuestion {
  readonly engine: SourceEngine;
  readonly settings: EventSettings;
  /** Avro has a column's default in NULL's place. */
  readonly avro: boolean;
}

export type Carriage =
  | { readonly kind: "exact" }
  /** Values in doubt are read again; `always`: every value that is not NULL. */
  | { readonly kind: "again"; readonly reasons: readonly DoubtReason[]; readonly always: boolean }
  | { readonly kind: "refused"; readonly why: string };

export function carriageOf(planned: PlanColumn, question: CarriageQuestion): Carriage {
  const { engine, settings, avro } = question;
  const carried = carriedAs(planned.column, settings, null);
  // A schema tells more than the settings do; what it tells is judged with the first event.
  if (carried.as === "refused" && !avro) return { kind: "refused", why: carried.why };
  const reasons = doubtsOf(planned, engine, settings, avro || settings.nullsAsDefaults);
  if (reasons.length === 0) return { kind: "exact" };
  return { kind: "again", reasons, always: reasons.some((reason) => wholeColumn.has(reason)) };
}

const wholeColumn: ReadonlySet<DoubtReason> = new Set(["json", "null-as-default"] as const);

/** One finding a column: errors where the stream could not go on with the first value, warnings where some value might stop it, infos where rows are read again. */
export function carriageFindings(
  tables: readonly PlanTable[],
  question: CarriageQuestion,
): readonly Finding[] {
  return tables.flatMap((table) => {
    const told = toldApart(table);
    return table.columns.flatMap((planned, place): Finding[] => {
      const carriage = carriageOf(planned, question);
      if (carriage.kind === "exact") return [];
      const object = `${table.source}.${planned.source}`;
      if (carriage.kind === "refused")
        return [finding("error", object, `Change events do not carry it exactly: ${carriage.why}.`, mend)];
      const what = carriage.reasons.map((reason) => sentences[reason]).join("; ");
      if (told !== null && !told.has(place))
        return [
          finding(
            "info",
            object,
            `Change events do not carry it exactly (${what}): rows are read again from the source.`,
            "Nothing: it costs one read of a row by its key.",
          ),
        ];
      const why =
        told === null ? "the table has no key to read rows by" : "it is in the key or a unique index";
      return [
        finding(
          carriage.always ? "error" : "warning",
          object,
          carriage.always
            ? `Change events do not carry it exactly (${what}), and ${why}.`
            : `The stream stops at a value that change events do not carry exactly (${what}): ${why}.`,
          "feed.kind: binlog carries it; or leave the table out of the migration.",
        ),
      ];
    });
  });
}

const mend = "Set the connector as Headgate generates it, or use feed.kind: binlog.";

const sentences: Readonly<Record<DoubtReason, string>> = {
  json: "JSON is written anew, doubles as decimals and times without zeros",
  "zero-date": "a zero or partial date arrives as NULL, as 1970-01-01 or as the column's default",
  labels: "labels that events spell alike, or the empty label and the error value",
  charset: "Debezium has tables of its own for the character set",
  "raw-bytes": "the text's bytes are wanted, and its characters arrive",
  "null-as-default": "NULL arrives as the column's default",
  uuid: "a UUID that ends with 00 arrives as another one, which begins with 00",
};

function finding(severity: Finding["severity"], object: string, sentence: string, fix: string): Finding {
  return { code: "events-inexact", severity, object, sentence, fix, count: 1, sampleKeys: [] };
}
