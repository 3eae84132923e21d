/**
 * Questions about the character set of a text: bytes that are UTF-8 under another character set's name, and values
 * that a policy badText: recode(...) could not make sense of. Both are asked on bytes; a collation would call unequal
 * things equal.
 */
import type { PlanColumn, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { policyLine } from "./profile-probe.js";
import type { Asked, Probe } from "./profile-probe.js";
import { halfPair } from "./profile-text.js";

const textTypes = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
/** More bytes than one to a character: UTF-8 in them is a matter of chance. */
const multibyte =
  /^(?:utf8|utf8mb3|utf8mb4|ucs2|utf16|utf16le|utf32|big5|gbk|gb2312|gb18030|sjis|cp932|ujis|eucjpms|euckr|binary)$/u;

export function charsetProbes(table: PlanTable, column: PlanColumn, server: Asked): readonly Probe[] {
  const { type, charset } = column.column;
  if (!textTypes.has(type) || charset === null) return [];
  const c = mysqlName(column.source);
  const { badText } = column.policy;
  if (badText !== "refuse") return [recodeProbe(column, c, charset, badText.recode.toLowerCase(), server)];
  if (multibyte.test(charset)) return [];
  const bytes = `CAST(${c} AS BINARY)`;
  return [
    {
      code: "utf8-in-other-charset",
      severity: "warning",
      column,
      condition: `(${isUtf8(bytes, server)} AND LENGTH(${bytes}) <> CHAR_LENGTH(CONVERT(${bytes} USING utf8mb4)))`,
      what: `look like UTF-8 that was stored as ${charset}: é would arrive as Ã©, as the source itself shows it`,
      fix: `Copied as they are they stay as the source shows them. If UTF-8 was meant, declare badText: recode(${charset}); check then names every value that is no UTF-8.`,
      settle: [],
      offer: [policyLine(table, column.source, `badText: recode(${charset})`)],
    },
  ];
}

/** Values of a recoded column that are not what its policy says. */
function recodeProbe(column: PlanColumn, c: string, charset: string, wanted: string, server: Asked): Probe {
  const own = charset === wanted;
  const bytes = `CAST(${own ? c : `CONVERT(${c} USING latin1)`} AS BINARY)`;
  const fits = isUtf8(bytes, server);
  const returns = `CAST(CONVERT(CONVERT(${c} USING latin1) USING utf8mb4) AS BINARY) <=> CAST(CONVERT(${c} USING utf8mb4) AS BINARY)`;
  return {
    code: "bad-text",
    severity: "error",
    column,
    condition: `(${c} IS NOT NULL AND NOT (${own ? fits : `${returns} AND ${fits}`}))`,
    what: `are no UTF-8, though the policy badText: recode(${wanted}) says that they are; the copy would stop at the first`,
    fix: "Mend these values on the source, or take the policy back for this column.",
    settle: [],
  };
}

/** Whether bytes are UTF-8 that PostgreSQL takes: the server reads and writes them unchanged. */
function isUtf8(bytes: string, server: Asked): string {
  const same = `${bytes} <=> CAST(CONVERT(${bytes} USING utf8mb4) AS BINARY)`;
  return server.halfPairs ? `(${same} AND NOT ${halfPair(bytes, server)})` : `(${same})`;
}
