/**
 * Every folder of test/hazards on real servers: what `check` must find, what settles it, what the target must hold.
 * `npm test` takes them from MySQL 9.7 to PostgreSQL 18, and those that are not about it from MariaDB;
 * the gate takes every source to every target. HEADGATE_HAZARD=NAME runs one alone, HEADGATE_HAZARD_ON=
 * mysql56-postgres15 all of them over those two.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { known, readCapabilities, unmet } from "./hazard/capability.js";
import type { Combination } from "./hazard/crossing.js";
import { askedFor, readHazards } from "./hazard/folder.js";
import type { Hazard } from "./hazard/folder.js";
import { passage } from "./hazard/passage.js";
import type { Outcome } from "./hazard/passage.js";
import type { SourceName } from "./source-database.js";

const hazards = askedFor(readHazards());

interface Trial extends Combination {
  readonly hazards: readonly Hazard[];
}

const everywhere: readonly Trial[] = (["mysql9", "mariadb", "mysql56"] as const).flatMap((source) =>
  (["postgres18", "postgres17", "postgres15"] as const).map((target) => ({ source, target, hazards })),
);

function trials(): readonly Trial[] {
  const asked = process.env["HEADGATE_HAZARD_ON"] ?? "";
  if (asked !== "") {
    const chosen = everywhere.filter(({ source, target }) =>
      asked.split(",").includes(`${source}-${target}`),
    );
    if (chosen.length === 0)
      throw new Error(`HEADGATE_HAZARD_ON=${asked} names no source-target of the stack`);
    return chosen;
  }
  if (process.env["HEADGATE_GATE"] === "1") return everywhere;
  const capabilities = readCapabilities();
  const here = (source: SourceName): readonly Hazard[] => {
    const servers = known(capabilities, source, "postgres18");
    return hazards.filter(({ expected }) => unmet(expected.applies, capabilities, servers) === null);
  };
  const mysql = here("mysql9");
  const mariadb = here("mariadb").filter((hazard) => !mysql.includes(hazard));
  return [
    { source: "mysql9", target: "postgres18", hazards: mysql },
    { source: "mariadb", target: "postgres18", hazards: mariadb },
  ];
}

describe.each(trials().filter((one) => one.hazards.length > 0))(
  "hazards from $source to $target",
  ({ hazards: here, ...combination }) => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      outcomes = await passage(here, combination);
    }, 300_000);

    for (const { name, expected } of here)
      it(`${name}: ${expected.title}`, (context) => {
        const outcome = outcomes.get(name);
        if (outcome !== undefined && "skipped" in outcome) context.skip(outcome.skipped);
        expect(outcome).toEqual({ problems: [] });
      });
  },
);
