/**
 * Every folder of test/hazards on real servers: what `check` must find, what settles it, what the target must hold.
 * `npm test` takes all of them from MySQL 9.7 to PostgreSQL 18 and those that are not about it from MariaDB, and a few
 * from MySQL 5.6 to PostgreSQL 15 and from MariaDB to PostgreSQL 17. Where servers are named (the gate names each
 * source with each target, README one's own) all hazards go from each of those to each. HEADGATE_HAZARD=NAME runs
 * one alone.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { known, readCapabilities, unmet } from "./hazard/capability.js";
import { askedFor, readHazards } from "./hazard/folder.js";
import type { Hazard } from "./hazard/folder.js";
import { passage } from "./hazard/passage.js";
import type { Outcome } from "./hazard/passage.js";
import { combinations, serversAreNamed } from "./matrix.js";
import type { Combination, SourceName } from "./matrix.js";

const hazards = askedFor(readHazards());

/** What an old server is most likely to do otherwise: one table or two of each. */
const smoke: ReadonlySet<string> = new Set([
  "char-trailing-spaces",
  "charsets-of-one-byte",
  "comments-with-quotes",
  "counter-past-its-rows",
  "datetime-fractions",
  "decimal-extremes",
  "default-literals",
  "enum-labels-nasty",
  "float-exact",
  "foreign-key-actions",
  "integer-extremes",
  "key-in-its-own-order",
  "names-with-everything",
  "partitions-range",
  "set-values",
  "text-key-in-ranges",
  "time-beyond-a-day",
  "timestamp-in-autumn",
  "unique-prefix",
  "zero-date-null",
]);
const few = hazards.filter(({ name }) => smoke.has(name));

type Journey = Combination & { readonly hazards: readonly Hazard[] };

function usual(): readonly Journey[] {
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
    { source: "mysql56", target: "postgres15", hazards: few },
    { source: "mariadb", target: "postgres17", hazards: few },
  ];
}

const journeys = serversAreNamed
  ? combinations.map((combination): Journey => ({ ...combination, hazards }))
  : usual();

describe.each(journeys.filter((one) => one.hazards.length > 0))(
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
