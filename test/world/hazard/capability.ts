/**
 * What a server can do is found by asking it, never by its version: test/hazards/capabilities.yaml gives each
 * capability a name and the statements that a server which has it obeys, tried in a scratch database. The file says
 * on which of the stack's servers each is expected too, so that a probe with a slip in it is no quiet "not here".
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { names as servers } from "../stack/names.js";
import type { Name } from "../stack/names.js";
import type { Condition } from "./expected.js";
import { hazardFolder } from "./folder.js";

const capability = z.strictObject({
  what: z.string().min(1),
  side: z.enum(["source", "target"]),
  /** Each must be obeyed. */
  probe: z.array(z.string().min(1)).min(1),
  /** This one must then be refused. */
  refuses: z.string().min(1).optional(),
  has: z.array(z.enum(servers)),
});

type Capability = z.output<typeof capability>;

export type Capabilities = Readonly<Record<string, Capability>>;

export function readCapabilities(file = join(hazardFolder, "capabilities.yaml")): Capabilities {
  return z.record(z.string(), capability).parse(parse(readFileSync(file, "utf8")));
}

/** Runs one statement in the scratch database; rejects where the server refuses it. */
type Ask = (statement: string) => Promise<unknown>;

export interface Probed {
  readonly engine: "mysql" | "mariadb";
  /** Names of what the two servers can do. */
  readonly abilities: ReadonlySet<string>;
  /** Where a probe and `has` say different things of one of the stack's servers. */
  readonly surprises: readonly string[];
}

/** Tries every capability on one side; `clean` empties the scratch database between them. */
export async function probe(
  all: Capabilities,
  side: Capability["side"],
  server: Name | null,
  ask: Ask,
  clean: () => Promise<void>,
): Promise<Pick<Probed, "abilities" | "surprises">> {
  const abilities = new Set<string>();
  const surprises: string[] = [];
  for (const [name, one] of Object.entries(all)) {
    if (one.side !== side) continue;
    const can = await able(one, ask);
    await clean();
    if (can) abilities.add(name);
    if (server !== null && can !== one.has.includes(server))
      surprises.push(`${server} ${can ? "has" : "lacks"} ${name}, unlike capabilities.yaml says`);
  }
  return { abilities, surprises };
}

async function able({ probe: statements, refuses }: Capability, ask: Ask): Promise<boolean> {
  for (const statement of statements) if (!(await obeyed(ask, statement))) return false;
  return refuses === undefined || !(await obeyed(ask, refuses));
}

async function obeyed(ask: Ask, statement: string): Promise<boolean> {
  try {
    await ask(statement);
    return true;
  } catch (error) {
    // A refusal is the answer; anything without the server's own code (a lost connection) is not.
    if (error instanceof Error && "code" in error && !/^(?:PROTOCOL_|E[A-Z]+$)/u.test(String(error.code)))
      return false;
    throw error;
  }
}

/** What two of the stack's servers should be able to do, as the file has it. */
export function known(all: Capabilities, source: Name, target: Name): Probed {
  const abilities = Object.entries(all).flatMap(([name, { has }]) =>
    has.includes(source) || has.includes(target) ? [name] : [],
  );
  return { engine: source === "mariadb" ? "mariadb" : "mysql", abilities: new Set(abilities), surprises: [] };
}

/** Why a condition does not hold on these servers; null where it does. Throws for a capability that nobody defined. */
export function unmet(condition: Condition | undefined, all: Capabilities, probed: Probed): string | null {
  if (condition === undefined) return null;
  for (const name of [...condition.needs, ...condition.lacks])
    if (all[name] === undefined) throw new Error(`no capability ${name} in test/hazards/capabilities.yaml`);
  if (condition.engine !== undefined && condition.engine !== probed.engine)
    return `is about ${condition.engine}`;
  const missing = condition.needs.find((name) => !probed.abilities.has(name));
  if (missing !== undefined) return `needs ${missing}: ${all[missing]?.what ?? ""}`;
  const present = condition.lacks.find((name) => probed.abilities.has(name));
  return present === undefined ? null : `is about servers without ${present}: ${all[present]?.what ?? ""}`;
}
