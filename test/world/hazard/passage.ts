/**
 * All hazards over one source and one target: what the servers can do is asked, those that don't apply are told why,
 * and the others cross together. Hazards with settings of their own that are no lines about tables make a second
 * database, one for each setting.
 */
import { ownServer } from "../matrix.js";
import type { Combination } from "../matrix.js";
import { sourceDatabase } from "../source-database.js";
import { targetDatabase } from "../target-database.js";
import { probe, readCapabilities, unmet } from "./capability.js";
import type { Capabilities, Probed } from "./capability.js";
import { Crossing } from "./crossing.js";
import type { Hazard } from "./folder.js";
import type { Fragment } from "./settlement.js";

/** Why a hazard was not tried on these servers, or all that is wrong with it: nothing is what a test wants. */
export type Outcome = { readonly skipped: string } | { readonly problems: readonly string[] };

/** Takes every hazard across. Throws where something is wrong that is no hazard's. */
export async function passage(
  hazards: readonly Hazard[],
  combination: Combination,
): Promise<ReadonlyMap<string, Outcome>> {
  const capabilities = readCapabilities();
  const probed = await probeBoth(capabilities, combination);
  if (probed.surprises.length > 0) throw new Error(probed.surprises.join("\n"));
  const outcomes = new Map<string, Outcome>();
  const groups = new Map<string, Hazard[]>();
  for (const hazard of hazards) {
    const skipped = unmet(hazard.expected.applies, capabilities, probed);
    if (skipped !== null) {
      outcomes.set(hazard.name, { skipped });
      continue;
    }
    const key = groupOf(hazard.expected.headgate);
    groups.set(key, [...(groups.get(key) ?? []), hazard]);
  }
  for (const group of groups.values()) {
    const crossing = new Crossing(group, (condition) => unmet(condition, capabilities, probed) === null);
    for (const [name, problems] of await crossing.go(combination)) outcomes.set(name, { problems });
  }
  return outcomes;
}

/** Lines that speak of tables can stand beside each other; any other key makes a headgate.yaml of its own. */
function groupOf(headgate: Fragment): string {
  const whole = Object.entries(headgate).filter(([key]) => !["typemap", "policies", "tables"].includes(key));
  return JSON.stringify(whole);
}

async function probeBoth(capabilities: Capabilities, { source, target }: Combination): Promise<Probed> {
  const scratch = "hg_hazard_scratch";
  await using from = await sourceDatabase(scratch, source);
  await using to = await targetDatabase(scratch, target);
  const [version] = await from.sql("SELECT VERSION()");
  const here = await probe(
    capabilities,
    "source",
    ownServer("SOURCE") !== undefined ? null : source,
    (statement) => from.sql(statement),
    async () => {
      await from.sql(`DROP DATABASE ${scratch}`);
      await from.sql(`CREATE DATABASE ${scratch} CHARACTER SET utf8mb4`);
      await from.sql(`USE ${scratch}`);
    },
  );
  const there = await probe(
    capabilities,
    "target",
    ownServer("TARGET") !== undefined ? null : target,
    (statement) => to.sql(statement),
    async () => {
      await to.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    },
  );
  return {
    engine: /mariadb/iu.test(version?.[0] ?? "") ? "mariadb" : "mysql",
    abilities: new Set([...here.abilities, ...there.abilities]),
    surprises: [...here.surprises, ...there.surprises],
  };
}
