/**
 * In what form a connector writes values, as the settings that say so: remembered beside the offsets of a position, since
 * records without schemas do not tell. What was written before somebody changed a setting stays as it was, and where in a
 * topic that was nobody knows: so records that nobody has read yet are not read by other settings than the last ones were.
 */
import { Fault } from "../../src/errors.js";
import type { PlanTable, Position } from "../../src/model.js";
import type { EventSettings } from "./event-settings.js";

export type WrittenForm = Readonly<Record<string, string>>;

/** Settings that matter to no column of the tables are left out. */
export function writtenForm(settings: EventSettings, tables: readonly PlanTable[]): WrittenForm {
  const has = (types: RegExp): boolean =>
    tables.some(({ columns }) => columns.some(({ column }) => types.test(column.type)));
  return {
    ...(has(/^decimal$/u) ? { "decimal.handling.mode": settings.decimal } : {}),
    ...(has(/^(?:time|datetime|timestamp)$/u) ? { "time.precision.mode": settings.time } : {}),
    "binary.handling.mode": settings.binary,
    "value.converter.replace.null.with.default": String(settings.nullsAsDefaults),
  };
}

/** Fault topic-refused where what follows one of the positions may be of both forms. */
export function demandForm(form: WrittenForm, from: readonly Position[]): void {
  for (const { form: read = {} } of from)
    for (const [name, value] of Object.entries(read)) {
      const now = form[name];
      if (now === undefined || now === value) continue;
      throw new Fault(
        "topic-refused",
        `The connector's ${name} is ${now} and was ${value} when its topics were read last: since which record, they do not tell.`,
        {
          next: "Set feed.kind: binlog, headgate run until the target is level, then feed.kind: kafka and headgate run: what the topics have by then is applied already.",
          facts: { setting: name, was: value, is: now },
        },
      );
    }
}
