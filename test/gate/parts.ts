/**
 * The parts of the gate: the full figures of what `npm test` runs a share of. Each part is one call of vitest with
 * HEADGATE_GATE=1; a part that passed at this commit is not run again, so an interrupted gate goes on.
 */

export interface Part {
  readonly name: string;
  /** What is proven, as docs/gate.md says it. */
  readonly proves: string;
  /** The same in `npm test`. */
  readonly share: string;
  readonly project: "world" | "faults" | "simulation";
  readonly file: string;
}

export const parts: readonly Part[] = [
  {
    name: "codecs",
    proves:
      "10,000 random values and the extremes a codec: real MySQL and MariaDB to real PostgreSQL, canonical text equal",
    share: "500 values a codec",
    project: "world",
    file: "test/conformance/codec.test.ts",
  },
  {
    name: "jsonb",
    proves: "random JSON documents in jsonb's own spelling, byte for byte as PostgreSQL prints them",
    share: "fewer documents",
    project: "world",
    file: "test/conformance/jsonb.test.ts",
  },
  {
    name: "hazards",
    proves:
      "every hazard of docs/hazards.md, from each source to each target: findings, settlements, rows, and the oracle's word",
    share: "MySQL 9.7, and MariaDB's own hazards from MariaDB, to PostgreSQL 18",
    project: "world",
    file: "test/world/hazards.test.ts",
  },
  {
    name: "kills",
    proves:
      "60 seeded kill -9 (engine, source, target) at named moments of a 200,000 row snapshot, resumed, equal by the oracle",
    share: "6 kills",
    project: "faults",
    file: "test/faults/snapshot-kill.test.ts",
  },
];
