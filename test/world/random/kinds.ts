/**
 * What a column of a random schema can be: the type's own words, values with its extremes among them, defaults that
 * the server takes, and how it may stand in an index. Values are those of the codecs' proof (test/conformance), and
 * beside them what only `check` can judge: zero dates, U+0000, labels of index 0, UTF-8 bytes in latin1.
 */
import fc from "fast-check";
import * as d from "../../conformance/values-document.js";
import * as v from "../../conformance/values.js";
import type { Dice } from "./dice.js";
import type { Engine, Family, Kind } from "./kind.js";
import { textKind } from "./kind-text.js";

const constants = (list: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...list);

const kind = (
  family: Family,
  type: string,
  values: readonly fc.Arbitrary<string>[],
  more: Partial<Kind> = {},
): Kind => ({
  family,
  type,
  values,
  defaults: [],
  indexBytes: 8,
  fsp: null,
  ...more,
});

/** A kind of column that the engine has. */
export function someKind(dice: Dice, engine: Engine): Kind {
  const makers = [
    integerKind,
    integerKind,
    decimalKind,
    floatKind,
    bitKind,
    textKind,
    textKind,
    textKind,
    bytesKind,
    labelKind,
    jsonKind,
    dateKind,
    datetimeKind,
    timeKind,
    geometryKind,
    ...(engine === "mysql" ? [vectorKind] : [networkKind, networkKind]),
  ];
  return dice.pick(makers)(dice, engine);
}

/** One that counts, for AUTO_INCREMENT. */
export function integerKind(dice: Dice): Kind {
  const [word, bits] = dice.pick([
    ["TINYINT", 8],
    ["SMALLINT", 16],
    ["MEDIUMINT", 24],
    ["INT", 32],
    ["INT", 32],
    ["BIGINT", 64],
    ["BIGINT", 64],
  ] as const);
  const width = dice.pick(["", "", "", "(1)", "(7)", "(11)"]);
  const sign = dice.pick(["", "", "", " UNSIGNED", " UNSIGNED", " UNSIGNED ZEROFILL"]);
  const flag = word === "TINYINT" && width === "(1)";
  const signed = sign === "";
  // Most flags are flags; the rest is what `boolean-value` is for.
  const values =
    flag && dice.chance(70)
      ? [constants(["0", "1"])]
      : [v.integer(bits, signed), constants(v.integersOf(bits, signed))];
  return kind("integer", word + width + sign, values, {
    defaults: ["0", "1", "'1'", "NULL", ...(flag ? ["TRUE"] : [])],
  });
}

function decimalKind(dice: Dice): Kind {
  const precision = dice.pick([1, 4, 9, 10, 18, 19, 30, 65]);
  const scale = dice.between(0, Math.min(30, precision));
  const sign = dice.pick(["", "", " UNSIGNED", " ZEROFILL"]);
  const signed = sign === "";
  return kind(
    "number",
    `DECIMAL(${String(precision)},${String(scale)})${sign}`,
    [v.decimal(precision, scale, signed), constants(v.decimalsOf(precision, scale, signed))],
    { defaults: ["0", "NULL", "'0.0'"], indexBytes: 32 },
  );
}

function floatKind(dice: Dice): Kind {
  const sign = dice.pick(["", "", "", " UNSIGNED"]);
  const more = {
    defaults: ["0", "1.5", "-0.0", "NULL"].filter((text) => sign === "" || !text.startsWith("-")),
  };
  const zeros = constants(["0", "-0.0e0", "'-0'"]);
  switch (dice.between(0, 3)) {
    case 0:
      return kind("number", `FLOAT${sign}`, [v.float, constants(v.floatsOf), zeros], more);
    case 1:
      return kind("number", `DOUBLE${sign}`, [v.double, constants(v.doublesOf), zeros], more);
    case 2:
      return kind("number", `FLOAT(9,2)${sign}`, [v.decimal(9, 2), constants(v.decimalsOf(9, 2))], more);
    default:
      return kind("number", `DOUBLE(15,4)${sign}`, [v.decimal(15, 4), constants(v.decimalsOf(15, 4))], more);
  }
}

function bitKind(dice: Dice): Kind {
  const size = dice.pick([1, 1, 2, 7, 8, 9, 31, 33, 63, 64]);
  const ends = [`b'${"0".repeat(size)}'`, `b'${"1".repeat(size)}'`, `b'${"1".padEnd(size, "0")}'`];
  return kind("bytes", `BIT(${String(size)})`, [v.bit(size), constants(ends)], {
    defaults: ["b'0'", "b'1'", "0", "1", "NULL", ...(size >= 8 ? ["x'41'"] : [])],
  });
}

function bytesKind(dice: Dice): Kind {
  const blob = dice.pick(["TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", null, null, null, null, null]);
  if (blob !== null)
    return kind("bytes", blob, [v.binary(0, 255), constants(["''", "x'00'", "x'ff00fe'"])], {
      indexBytes: null,
    });
  const size = dice.pick([0, 1, 4, 16, 16, 40, 255]);
  const fixed = dice.chance(50);
  return kind(
    "bytes",
    `${fixed ? "BINARY" : "VARBINARY"}(${String(size)})`,
    [v.binary(0, size), constants(["''", "x'00'", `x'${"ff".repeat(size)}'`].slice(0, size === 0 ? 1 : 3))],
    {
      defaults: ["''", "NULL", ...(size >= 4 ? ["'ab'", "x'ff00'", "'a\\0b'"] : [])],
      indexBytes: size === 0 ? "never" : size + 2,
    },
  );
}

const labelLists = [
  ["a", "b"],
  ["small", "MEDIUM", "größer", "a b", "it's", "back\\slash"],
  ["", "x", "0", "1"],
  ["é", "日本", '"', "`", "%_", "$1"],
  ["a".repeat(70), "b"],
  ["1", "0", "null", "NULL "],
] as const;

function labelKind(dice: Dice): Kind {
  const labels = dice.pick(labelLists);
  const written = labels.map(v.quoted).join(",");
  const charset = dice.pick(["", "", "", " CHARACTER SET latin1", " COLLATE utf8mb4_bin"]);
  if (dice.chance(35))
    return kind(
      "label",
      `SET(${written})${charset}`,
      [v.someOf(labels.filter((label) => label !== "")), constants(["''", "1"])],
      {
        defaults: ["''", "NULL", v.quoted(labels[1])],
      },
    );
  // Index 0 is what a server without strict mode puts in the place of a label that it doesn't know.
  const zero = dice.chance(20) ? [constants(["'no such label'"])] : [];
  return kind("label", `ENUM(${written})${charset}`, [v.oneOf(labels), v.oneOf(labels), ...zero], {
    defaults: ["NULL", v.quoted(labels[0]), v.quoted(labels[1])],
  });
}

function jsonKind(dice: Dice): Kind {
  // What jsonb refuses, or holds otherwise.
  const nasty = dice.chance(20)
    ? [
        constants([
          String.raw`'{"a": "\\u0000"}'`,
          "'[1e400]'",
          "'[123456789012345678901234567890.5]'",
          "'-0.0'",
        ]),
      ]
    : [];
  return kind(
    "document",
    "JSON",
    [d.json, constants(d.jsonsOf), constants(["'{\"a\": 1}'", "'null'"]), ...nasty],
    {
      indexBytes: "never",
    },
  );
}

const dates = [v.anyDate, constants(v.datesOf)];

function dateKind(dice: Dice): Kind {
  if (dice.chance(25))
    return kind(
      "temporal",
      "YEAR",
      [
        v.oneOf(["1901", "1970", "2155"]),
        constants(["1901", "2155", "2000", ...(dice.chance(30) ? ["0"] : [])]),
      ],
      {
        defaults: ["1970", "NULL"],
      },
    );
  const zeros = dice.chance(20)
    ? [constants(["'0000-00-00'", "'2024-00-00'", "'2024-01-00'", "'2024-02-30'"])]
    : [];
  return kind("temporal", "DATE", [...dates, ...zeros], {
    defaults: ["'2000-02-29'", "NULL", "'0000-00-00'"].slice(0, dice.chance(10) ? 3 : 2),
  });
}

function datetimeKind(dice: Dice): Kind {
  const fsp = dice.pick([0, 0, 0, 1, 3, 6]);
  const precise = fsp === 0 ? "" : `(${String(fsp)})`;
  const stamp = dice.chance(40);
  const zeros = dice.chance(15)
    ? [constants(["'0000-00-00 00:00:00'", ...(stamp ? [] : ["'2023-02-30 01:02:03'"])])]
    : [];
  const values = stamp
    ? [v.timestamp(fsp), constants(v.timestampsOf)]
    : [v.datetime(fsp), constants(v.datetimesOf(fsp))];
  return kind("temporal", `${stamp ? "TIMESTAMP" : "DATETIME"}${precise}`, [...values, ...zeros], {
    fsp,
    defaults: ["NULL", "'2001-02-03 04:05:06'", `CURRENT_TIMESTAMP${precise}`, `CURRENT_TIMESTAMP${precise}`],
  });
}

function timeKind(dice: Dice): Kind {
  const fsp = dice.pick([0, 0, 3, 6]);
  return kind(
    "temporal",
    fsp === 0 ? "TIME" : `TIME(${String(fsp)})`,
    [v.time(838, fsp, true), constants(v.timesOf)],
    {
      defaults: ["NULL", "'-12:34:56'", "'838:59:59'"],
    },
  );
}

function geometryKind(dice: Dice, engine: Engine): Kind {
  const all = [d.geometry(0), ...(engine === "mysql" ? [d.geometry(4326)] : [])];
  const word = dice.pick(["POINT", "LINESTRING", "GEOMETRYCOLLECTION", "GEOMETRY", "GEOMETRY"]);
  const fitting =
    word === "GEOMETRY" ? all : all.map((each) => each.filter((value) => value.includes(`'${word}(`)));
  return kind("other", word, fitting, { indexBytes: "never" });
}

function vectorKind(): Kind {
  return kind("other", "VECTOR(12)", [d.vector], { indexBytes: "never" });
}

function networkKind(dice: Dice): Kind {
  return dice.pick([
    kind("other", "UUID", [v.uuid, constants(["'00000000-0000-0000-0000-000000000000'"])], {
      defaults: ["NULL"],
      indexBytes: 16,
    }),
    kind("other", "INET4", [d.inet4, constants(["'0.0.0.0'", "'255.255.255.255'"])], {
      defaults: ["NULL", "'1.2.3.4'"],
    }),
    kind("other", "INET6", [d.inet6, constants(["'::'", "'::ffff:1.2.3.4'", "'fe80::1'"])], {
      defaults: ["NULL", "'::1'"],
      indexBytes: 16,
    }),
  ]);
}
