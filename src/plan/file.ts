/**
 * A plan as text for .headgate/<migration>/plan.json, and back. The text is a function of the plan, so two runs of
 * `plan` can be compared with diff. Reading checks the shape that the rest relies on; a file that somebody edited by
 * hand into something else is refused before it does harm.
 */
import { z } from "zod";
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";

/** Which servers a plan was made on, by their own word. */
export interface PlanServers {
  readonly source: string;
  readonly target: string;
}

/** Two spaces, a line feed at the end; keys in the order in which the plan has them, the servers last. */
export function planText(plan: Plan, servers?: PlanServers): string {
  return `${JSON.stringify(servers === undefined ? plan : { ...plan, servers }, null, 2)}\n`;
}

const statement = z.looseObject({
  name: z.string(),
  kind: z.string(),
  table: z.string().nullable(),
  sql: z.string(),
});

const shape = z.looseObject({
  version: z.literal(1),
  migration: z.string(),
  database: z.string(),
  schema: z.string(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  lanes: z.array(z.string()),
  tables: z.array(
    z.looseObject({
      source: z.string(),
      target: z.string(),
      lane: z.string(),
      key: z
        .looseObject({ index: z.string(), columns: z.array(z.string()), primary: z.boolean() })
        .nullable(),
      columns: z.array(
        z.looseObject({
          column: z.looseObject({ name: z.string(), type: z.string() }),
          source: z.string(),
          target: z.string(),
          sourceType: z.string(),
          targetType: z.string(),
          rule: z.string(),
          nullable: z.boolean(),
          policy: z.looseObject({}),
        }),
      ),
      exactCut: z.boolean(),
    }),
  ),
  before: z.array(statement),
  after: z.array(statement),
  findings: z.array(z.looseObject({ code: z.string(), severity: z.enum(["error", "warning", "info"]) })),
  servers: z.object({ source: z.string(), target: z.string() }).optional(),
});

const planSchema = z.custom<Plan & { readonly servers?: PlanServers }>(
  (value) => shape.safeParse(value).success,
);

/** Parses planText's text. Throws plan-stale when it is no plan of this version. */
export function readPlan(text: string): Plan & { readonly servers?: PlanServers } {
  const parsed = planSchema.safeParse(parsedJson(text));
  if (!parsed.success) throw new Fault("plan-stale", "plan.json is no plan of this version of Headgate.");
  return parsed.data;
}

function parsedJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Fault("plan-stale", "plan.json is not JSON; it was cut off or edited.", { cause: error });
    throw error;
  }
}
