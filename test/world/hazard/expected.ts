/**
 * The form of a hazard's expected.yaml. Every scalar is read as the text that stands there (`1.50` stays `1.50`),
 * null excepted, so that nobody has to quote numbers to keep their zeros. A key that is not known is refused with the
 * file's name: a misspelled expectation would otherwise be one that nobody holds.
 */
import { parse } from "yaml";
import { z } from "zod";

const text = z.string().min(1);
const count = z
  .string()
  .regex(/^\d+$/u)
  .transform((digits) => Number(digits));
const cell = z.string().nullable();
const yes = z.literal("true").transform(() => true);

/** Where something holds: an engine, what the servers must be able to do, what they must not. */
const condition = z.strictObject({
  engine: z.enum(["mysql", "mariadb"]).optional(),
  needs: z.array(text).default([]),
  lacks: z.array(text).default([]),
});

const finding = z
  .strictObject({
    code: text,
    severity: z.enum(["error", "warning", "info"]),
    /** As `check` names it; `{database}` stands for the source database. */
    object: text,
    count: count.optional(),
    sampleKeys: z.array(z.string()).optional(),
    /** Each must stand in the sentence. */
    says: z.array(text).optional(),
    when: condition.optional(),
  })
  .refine((one) => one.severity !== "error" || (one.count !== undefined && one.sampleKeys !== undefined), {
    error: "an error is expected with its count and its sampleKeys",
  });

const table = z.strictObject({
  /** The target's name. */
  table: text,
  /** The source's name where it differs. */
  source: text.optional(),
  when: condition.optional(),
  /** Every column in order, with its type as format_type() spells it. */
  columns: z.record(z.string(), text).optional(),
  /** Source column to target column, where they differ. */
  renamed: z.record(text, text).default({}),
  /** Every row, each cell as PostgreSQL prints it; the order of rows says nothing. */
  rows: z.array(z.array(cell)).optional(),
  count: count.optional(),
  /** Columns that on purpose hold something else than the source's: the oracle leaves them out. */
  differs: z.array(text).default([]),
});

const statement = z
  .strictObject({
    sql: text,
    gives: z.array(z.array(cell)).optional(),
    /** The SQLSTATE with which it must fail. */
    fails: z
      .string()
      .regex(/^[0-9A-Z]{5}$/u)
      .optional(),
    when: condition.optional(),
  })
  .refine(({ gives, fails }) => gives === undefined || fails === undefined, {
    error: "gives or fails, not both",
  });

const policy = z.strictObject({ object: text, policy: text, count });

const origin = /^(?:types\.md|traps\.md|museum|issue|contract) \S.*$/u;

const schema = z
  .strictObject({
    title: text,
    why: text,
    origin: z
      .array(z.string().regex(origin, { error: "types.md SECTION, traps.md NUMBER, museum NAME" }))
      .min(1),
    applies: condition.prefault({}),
    findings: z.array(finding).default([]),
    /** No finding of any severity but those listed. */
    exactly: yes.optional(),
    /** Findings that are left once everything is settled. */
    remains: z.array(finding).default([]),
    target: z.array(table).default([]),
    policies: z.array(policy).default([]),
    statements: z.array(statement).default([]),
    // Read by themselves, as their types are YAML's.
    headgate: z.unknown().optional(),
    settle: z.unknown().optional(),
  })
  .refine(
    ({ exactly, findings }) => exactly !== true || !findings.some(({ object }) => object.startsWith("{")),
    {
      error: "exactly speaks of the hazard's own tables, and {database} is everybody's",
    },
  );

/** Pieces of headgate.yaml keep their own types. */
const fragment = z.record(z.string(), z.unknown());
const configs = z.object({
  headgate: fragment.default({}),
  settle: z.union([z.literal("proposed"), z.literal("refused"), fragment]).default({}),
});

export type Condition = z.output<typeof condition>;
export type ExpectedFinding = z.output<typeof finding>;
export type ExpectedTable = z.output<typeof table>;
export type Statement = z.output<typeof statement>;
export type Expected = Omit<z.output<typeof schema>, "headgate" | "settle"> & z.output<typeof configs>;

/** Reads the text of an expected.yaml. Throws with `path` and every problem in it. */
export function readExpected(source: string, path: string): Expected {
  const fail = (problems: readonly string[]): never => {
    throw new Error([`${path} is no expected.yaml (test/hazards/README.md):`, ...problems].join("\n  "));
  };
  const [texts, typed] = [parsed(source, true, fail), parsed(source, false, fail)];
  const config = configs.safeParse(typed);
  const said = schema.safeParse(texts);
  if (!config.success || !said.success)
    return fail([config.error, said.error].flatMap((error) => error?.issues.map(told) ?? []));
  const expected = { ...said.data, ...config.data };
  const wrong = contradiction(expected);
  return wrong === null ? expected : fail([wrong]);
}

function parsed(source: string, asText: boolean, fail: (problems: readonly string[]) => never): unknown {
  try {
    return asText ? parse(source, { schema: "failsafe", customTags: ["null"] }) : parse(source);
  } catch (error) {
    return fail([error instanceof Error ? error.message : String(error)]);
  }
}

function told(issue: z.core.$ZodIssue): string {
  const place = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  return `${place.replace(/^\./u, "") || "(the whole)"}: ${issue.message}`;
}

/** What the schema can't see. */
function contradiction({ settle, target, findings, policies, statements, remains }: Expected): string | null {
  const refused = settle === "refused";
  if (refused && target.length + policies.length + statements.length + remains.length > 0)
    return "settle: refused leaves nothing on the target to expect";
  if (refused && !findings.some(({ severity }) => severity === "error"))
    return "settle: refused needs a finding that is an error";
  if (!refused && target.length === 0) return "target: say what at least one table must hold";
  const uneven = target.find(
    ({ columns, rows = [] }) =>
      columns !== undefined && rows.some((row) => row.length !== Object.keys(columns).length),
  );
  return uneven === undefined
    ? null
    : `target: a row of ${uneven.table} has not as many cells as it has columns`;
}
