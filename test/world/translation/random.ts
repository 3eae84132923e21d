/** Random expressions of the subset over the sample table, typed as they grow so that most are inside. */
import fc from "fast-check";

const pick = (...items: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...items);

interface Kinds {
  readonly number: string;
  readonly text: string;
  readonly date: string;
  readonly condition: string;
}

const { number, text, date, condition } = fc.letrec<Kinds>((tie: fc.LetrecTypedTie<Kinds>) => {
  const n = tie("number");
  const t = tie("text");
  const d = tie("date");
  const c = tie("condition");
  const call = (template: string, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc
      .tuple(...parts)
      .map((filled) =>
        filled.reduce((sql, part, at) => sql.replaceAll(`$${String(at)}`, () => part), template),
      );
  return {
    number: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      pick("i", "s", "u", "f", "q", "d", "e", "y", "0", "1", "3", "-2", "2.5", "0.1"),
      call("($0 + $1)", n, n),
      call("($0 - $1)", n, n),
      call("($0 * $1)", pick("i", "s", "d", "e", "3", "0.5"), n),
      call("($0 / $1)", pick("i", "s", "d", "e", "7"), pick("i", "s", "d", "e", "3")),
      call("($0 DIV $1)", n, pick("i", "s", "3", "d")),
      call("($0 % $1)", pick("i", "s", "d", "e"), pick("i", "s", "7", "0.7")),
      call("(- $0)", n),
      call("ROUND($0, 1)", pick("d", "e", "d / 3", "i / s", "e * d")),
      call("FLOOR($0)", n),
      call("CEIL($0)", n),
      call("ABS($0)", n),
      call("IF($0, $1, $2)", c, n, n),
      call("COALESCE($0, $1)", n, n),
      call("NULLIF($0, $1)", n, n),
      call("CHAR_LENGTH($0)", t),
      call("LENGTH($0)", t),
      call("YEAR($0)", d),
      call("DATEDIFF($0, $1)", d, d),
      call("CASE WHEN $0 THEN $1 ELSE $2 END", c, n, n),
      call("GREATEST($0, $1)", pick("i", "s", "d"), pick("i", "e", "4")),
    ),
    text: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      pick("k", "k", "'lit'", "''", "'a,b'"),
      call("CONCAT($0, $1)", t, t),
      call("CONCAT($0, $1)", t, pick("i", "d", "dt", "ts", "s")),
      call("SUBSTRING($0, 2, 3)", t),
      call("SUBSTRING($0, -2)", t),
      call("LEFT($0, 3)", t),
      call("RIGHT($0, 2)", t),
      call("SUBSTRING_INDEX($0, ',', 1)", t),
      call("SUBSTRING_INDEX($0, '.', -1)", t),
      call("TRIM($0)", t),
      call("REPLACE($0, 'a', 'bb')", t),
      call("LPAD($0, 6, '*')", t),
      call("IFNULL($0, $1)", t, t),
      call("IF($0, $1, $2)", c, t, t),
      call("DATE_FORMAT($0, '%Y/%m/%d %H:%i')", d),
    ),
    date: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      pick("dt", "ts", "t6", "st"),
      call("($0 + INTERVAL 3 DAY)", d),
      call("($0 - INTERVAL 1 MONTH)", d),
      call("DATE($0)", d),
      call("LAST_DAY($0)", d),
      call("IFNULL($0, $1)", d, d),
    ),
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      pick("f", "q", "i > 0", "d < e", "k LIKE '%a%'", "n = 'open'", "f = 1", "i IN (1, 2, 3)"),
      call("($0 = $1)", n, n),
      call("($0 < $1)", n, n),
      call("($0 <=> $1)", n, n),
      call("($0 >= $1)", d, d),
      call("($0 = $1)", pick("k"), t),
      call("($0 AND $1)", c, c),
      call("($0 OR $1)", c, c),
      call("(NOT $0)", c),
      call("($0 IS NULL)", fc.oneof(n, t, d)),
      call("($0 BETWEEN $1 AND $2)", n, n, n),
    ),
  };
});

/** Any kind. */
export const anyExpression: fc.Arbitrary<string> = fc.oneof(number, number, text, date, condition);
