/**
 * The statements that take back what `check --grants` has asked for, for a person to run when a migration is over. They are
 * made of our own statements, whose form is known; one of another form is told as it stands, for a person to undo.
 */
import type { PhaseGrants } from "../model.js";

/** In the order in which the grants were listed, each once. */
export function revocations(phases: readonly PhaseGrants[], side: PhaseGrants["server"]): readonly string[] {
  const all = phases.filter(({ server }) => server === side).flatMap(({ statements }) => statements);
  return [...new Set(all.map(revocation))];
}

function revocation(statement: string): string {
  const body = statement.replace(/;$/u, "");
  const to = body.startsWith("GRANT ") ? lastTo(body) : null;
  return to === null
    ? `-- undo by hand: ${statement}`
    : `REVOKE ${body.slice("GRANT ".length, to)} FROM ${body.slice(to + " TO ".length).replace(/ WITH (?:GRANT|ADMIN) OPTION$/u, "")};`;
}

/** Where the words end that say what was given; a quoted name may hold anything. */
function lastTo(statement: string): number | null {
  let found: number | null = null;
  let quote = "";
  for (let at = 0; at < statement.length; at += 1) {
    const char = statement[at] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (["'", '"', "`"].includes(char)) quote = char;
    else if (statement.startsWith(" TO ", at)) found = at;
  }
  return found;
}
