/**
 * Values of unique keys with characters that the source's collation takes for others and the target's ICU collation
 * does not: the rows themselves travel, and nothing clashes, but a value that differs only there would get in on the
 * target, where the source refuses it. Told with the rows, so that a person sees whether the application ever makes such.
 */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { looserThanIcu, spokenLooser } from "../../src/typemap/looser.js";
import type { Looser } from "../../src/typemap/looser.js";
import type { Probe } from "./profile-probe.js";
import { asUtf8, isText } from "./profile-value.js";

export function looserProbes(table: PlanTable): readonly Probe[] {
  const told = new Set<string>();
  return (table.indexes ?? []).flatMap((index) =>
    index.parts.flatMap(({ column: name, prefix, equality }) => {
      const column = table.columns.find(({ source }) => source === name);
      if (!index.unique || equality?.by !== "icu" || column === undefined) return [];
      const object = `${table.source}.${index.source}`;
      const probe = looserProbe(table, column, prefix, equality.collation?.name ?? "", object);
      if (probe === null || told.has(`${index.source} ${name}`)) return [];
      told.add(`${index.source} ${name}`);
      return [probe];
    }),
  );
}

function looserProbe(
  table: PlanTable,
  column: PlanColumn,
  prefix: number | null,
  icu: string,
  object: string,
): Probe | null {
  const { collation, charset } = column.column;
  const looser = looserThanIcu(collation ?? "");
  const which = spokenLooser(looser);
  if (which === null || !isText(column.column)) return null;
  const text = asUtf8(mysqlName(column.source), charset);
  const named = `${table.source}.${column.source}`;
  return {
    code: "unique-key-looser",
    severity: "warning",
    column,
    condition: holdsAny(prefix === null ? text : `LEFT(${text}, ${String(prefix)})`, looser),
    what: `hold characters that ${collation ?? ""} takes for others (${which}) and the target's ICU collation ${icu} does not: a value that differs in nothing else would get in there, and the source refuses it`,
    fix: "Nothing to do where the application spells such values in one way; else have it refuse the other one.",
    settle: [],
    about: { object, one: `value of ${named}`, many: `values of ${named}` },
  };
}

/** Whether the text holds one of them; UTF-8 is searched by its bytes, as no character's begin in another's. */
function holdsAny(text: string, { beyond, characters }: Looser): string {
  const bytes = `CAST(${text} AS BINARY)`;
  const hex = (code: number): string => Buffer.from(String.fromCodePoint(code)).toString("hex");
  const each = [
    ...(beyond ? [`LENGTH(CONVERT(${text} USING utf8mb3)) <> LENGTH(${text})`] : []),
    ...characters.map((code) => `INSTR(${bytes}, x'${hex(code)}') > 0`),
  ];
  // Most texts are ASCII, and looked at no further.
  const guard = characters.every((code) => code > 0x7f) ? `LENGTH(${text}) <> CHAR_LENGTH(${text}) AND ` : "";
  return `(${guard}(${each.join(" OR ")}))`;
}
