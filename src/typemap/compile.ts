/**
 * From a planned column to its codec. Each family of source types pairs itself with the target types that it can
 * reach exactly; a pair that no family has is a Fault that names those it has. The text form goes through the very
 * cell that the row loop runs, so the two forms of a value cannot part ways.
 */
import { Fault } from "../errors.js";
import type { PlanColumn, SourceColumn, SourceEngine } from "../model.js";
import { binaries, bits } from "./cells-bytes.js";
import { decimals, floats } from "./cells-decimal.js";
import { integers } from "./cells-integer.js";
import { jsons } from "./cells-json.js";
import { enums, sets } from "./cells-labels.js";
import { networks } from "./cells-network.js";
import { geometries, vectors } from "./cells-spatial.js";
import { temporals } from "./cells-temporal.js";
import { texts } from "./cells-text.js";
import { times } from "./cells-time.js";
import type { Codec, Pairing } from "./codec.js";
import { parseTargetType } from "./family.js";
import type { Family } from "./family.js";
import { Output } from "./output.js";
import { recodeOf } from "./recode.js";
import { Refusal } from "./refusal.js";
import { RowWriter } from "./writer.js";

const families: readonly Family[] = [
  integers,
  decimals,
  floats,
  bits,
  texts,
  binaries,
  enums,
  sets,
  jsons,
  temporals,
  times,
  geometries,
  vectors,
  networks,
];

const familyOf = new Map(families.flatMap((family) => family.types.map((type) => [type, family] as const)));

/**
 * Target types with an exact codec for the column, the default of types.md first. A type with arguments stands for
 * all that hold as much. Empty for a source type that no codec knows.
 */
export function targetTypes(column: SourceColumn, engine: SourceEngine): readonly string[] {
  return familyOf.get(column.type)?.targets(column, engine) ?? [];
}

/** What a codec is made of. */
export type CodecColumn = Pick<PlanColumn, "source" | "column" | "targetType" | "policy">;

/** The column's codec. Throws Fault type-pair, naming the supported targets. */
export function codecOf(planned: CodecColumn, engine: SourceEngine): Codec {
  const { column, targetType, policy } = planned;
  const target = parseTargetType(targetType);
  const pairing = familyOf.get(column.type)?.pair(column, target, policy, engine) ?? null;
  if (pairing === null) throw noPair(planned, engine);
  return {
    name: `${column.columnType} -> ${targetType}`,
    targetType,
    cell: pairing.cell,
    select: pairing.select ?? ((name): string => name),
    encodeText: textEncoder(planned, pairing),
    canonicalSource: (name) => pairing.canonical?.source(name) ?? null,
    canonicalTarget: (name) => pairing.canonical?.target(name) ?? null,
    decode: pairing.decode,
  };
}

function noPair({ column, targetType, policy }: CodecColumn, engine: SourceEngine): Fault {
  if (recodeOf(column.charset, policy.badText) === "impossible" && policy.badText !== "refuse")
    return new Fault(
      "type-pair",
      `${column.name}: its policy says recode(${policy.badText.recode}), and its character set is ${column.charset ?? "none"}. Exact are the column's own character set and latin1.`,
      { next: "Mend the policy badText in headgate.yaml." },
    );
  const supported = targetTypes(column, engine);
  const offer =
    supported.length === 0
      ? "Headgate has no codec for this source type."
      : `Exact targets are ${supported.join(", ")}, and wider ones of the same kind.`;
  return new Fault(
    "type-pair",
    `${column.name}: ${column.columnType} has no exact codec to ${targetType}. ${offer}`,
    {
      facts: { column: column.name, sourceType: column.columnType, targetType },
    },
  );
}

/** Runs the cell on a row of one column: header byte, null bitmap, then the value as the wire would bring it. */
function textEncoder(planned: CodecColumn, pairing: Pairing): (text: Buffer | null) => Buffer | null {
  let writer: RowWriter | null = null;
  return (text) => {
    if (text === null) return null;
    writer ??= new RowWriter([pairing.cell], new Output(null, 1));
    const { out } = writer;
    out.at = 0;
    try {
      const value = pairing.wireOf(text);
      const row = Buffer.concat([rowHead, pairing.cell.wire > 0 ? noBytes : lengthOf(value.length), value]);
      writer.row(row, 0, row.length);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Fault("value-refused", `${planned.source} holds ${error.message}.`, { cause: error });
    }
    const length = out.bytes.readInt32BE(2);
    return length < 0 ? null : Buffer.from(out.bytes.subarray(6, 6 + length));
  };
}

const rowHead = Buffer.from([0, 0]);
const noBytes = Buffer.alloc(0);

function lengthOf(length: number): Buffer {
  if (length < 0xfb) return Buffer.from([length]);
  const head = Buffer.alloc(9);
  head[0] = 0xfe;
  head.writeUInt32LE(length, 1);
  return head;
}
