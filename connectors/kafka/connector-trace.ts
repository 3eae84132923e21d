/**
 * A Java stack trace as one sentence: the cause at its end, and the general complaint at its head where that says more.
 * A trace of Debezium can hold the row that it could not read ("for row [1, secret]"); values are not repeated, and what
 * stands in quotes is one more often than not.
 */

/** At most so many characters: a sentence, not a trace. */
const longest = 300;

export function sentenceOfTrace(trace: string): string {
  const causes = [...trace.matchAll(/^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+)(?:: (.*))?$/gmu)].map(
    (match) => ({
      name: match[1] ?? "",
      text: withoutValues(match[2] ?? ""),
    }),
  );
  const last = causes.at(-1);
  if (last === undefined) return withoutValues(trace.split("\n")[0] ?? "").slice(0, longest);
  const root = last.text === "" ? last.name : last.text;
  const head = causes[0]?.text.replace(/\.$/u, "") ?? "";
  return (head === "" || last === causes[0] ? root : `${head}: ${root}`).slice(0, longest);
}

function withoutValues(text: string): string {
  return text
    .replace(/\bfor row\b.*$/su, "for a row")
    .replaceAll(/\bvalue\s*[:=]\s*\S+/giu, "value …")
    .replaceAll(/\s+/gu, " ")
    .trim();
}
