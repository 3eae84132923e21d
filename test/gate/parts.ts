/**
 * The parts of the gate: the full figures of what `npm test` runs a share of. Each part is one call of vitest with
 * HEADGATE_GATE=1; a part that passed at this commit is not run again, so an interrupted gate goes on. What must hold
 * from every source to every target is a part for each pair: `npm run gate hazards` runs all of them,
 * `npm run gate hazards:mysql56-postgres15` one.
 */
import { isSource, isTarget } from "../world/matrix.js";
import type { Combination } from "../world/matrix.js";
import { names } from "../world/stack/names.js";

export interface Part {
  readonly name: string;
  /** What is proven, as docs/gate.md says it. */
  readonly proves: string;
  /** The same in `npm test`. */
  readonly share: string;
  readonly project: "unit" | "world" | "faults" | "simulation";
  readonly file: string;
  readonly env?: Readonly<Record<string, string>>;
}

const pairs: readonly Combination[] = names
  .filter(isSource)
  .flatMap((source) => names.filter(isTarget).map((target) => ({ source, target })));

/** The servers that `npm test` goes through whole. */
const usual: readonly string[] = ["mysql9-postgres18", "mariadb-postgres18"];

const pairName = ({ source, target }: Combination): string => `${source}-${target}`;

/** One part for each pair of servers; `less` is for those that have no full figures. */
function each(part: Part, less: Readonly<Record<string, string>> = {}): readonly Part[] {
  return pairs.map((pair) => ({
    ...part,
    name: `${part.name}:${pairName(pair)}`,
    env: {
      HEADGATE_TEST_SOURCES: pair.source,
      HEADGATE_TEST_TARGETS: pair.target,
      ...part.env,
      ...(usual.includes(pairName(pair)) ? {} : less),
    },
  }));
}

/** One part for each source: what never sees a target. */
function eachSource(part: Part): readonly Part[] {
  return names.filter(isSource).map((source) => ({
    ...part,
    name: `${part.name}:${source}`,
    env: { HEADGATE_TEST_SOURCES: source, ...part.env },
  }));
}

export const parts: readonly Part[] = [
  ...each(
    {
      name: "codecs",
      proves:
        "10,000 random values and the extremes a codec (2,000 beside the usual pairs): canonical text equal on both real servers",
      share: "500 values a codec from MySQL 9 and MariaDB to PostgreSQL 18",
      project: "world",
      file: "test/conformance/codec.test.ts",
    },
    { HEADGATE_TEST_VALUES: "2000" },
  ),
  {
    name: "jsonb",
    proves: "random JSON documents in jsonb's own spelling, byte for byte as PostgreSQL prints them",
    share: "fewer documents",
    project: "world",
    file: "test/conformance/jsonb.test.ts",
  },
  ...["split", "reader", "cut", "packets"].flatMap((what) =>
    eachSource({
      name: what,
      proves: `test/conformance/${what}.test.ts against this source`,
      share: "the same from MySQL 9 and MariaDB",
      project: "world",
      file: `test/conformance/${what}.test.ts`,
    }),
  ),
  ...each({
    name: "corpus",
    proves: "every corpus database that the source can load, copied and judged equal by the oracle",
    share: "each of them from MySQL 9 or MariaDB to PostgreSQL 18",
    project: "world",
    file: "test/world/corpus-copy.test.ts",
  }),
  ...each({
    name: "hazards",
    proves:
      "every hazard of docs/hazards.md that the servers can hold: findings, settlements, rows, and the oracle's word",
    share: "MySQL 9.7, and MariaDB's own hazards from MariaDB, to PostgreSQL 18; a few between the others",
    project: "world",
    file: "test/world/hazards.test.ts",
  }),
  ...each({
    name: "corruptions",
    proves:
      "1,000 seeded single corruptions of some 60 kinds, on either side, in tables of every type and in sakila: verify names every row and column of them, and nothing else; by digests all but what they say they do not see",
    share: "100 from MySQL 9 and 100 from MariaDB to PostgreSQL 18",
    project: "world",
    file: "test/world/corruption.test.ts",
    env: { HEADGATE_TEST_CORRUPTIONS: "1000" },
  }),
  ...Array.from({ length: 10 }, (_, at) => ({
    name: `verify-moving:${String(at + 1)}`,
    proves:
      "10 of 100 verifications under the hot writer that name nothing, from MySQL 9 and MariaDB; then rows broken while it verifies and applies, and lost changes, all of them named and nothing else",
    share: "2 such rounds from one of the sources, and 14 rows at rest, 12 hot ones and 6 lost changes",
    project: "world" as const,
    file: "test/world/verify-moving.test.ts",
    env: { HEADGATE_TEST_ROUNDS: "5" },
  })),
  ...Array.from({ length: 5 }, (_, at) => ({
    name: `verify-kills:${String(at + 1)}`,
    proves:
      "20 of 100 seeded kill -9 of engine, source or target while engines verify under the writer and rows are broken, resumed: all of them named and nothing else; a repair killed and run again brings them back, by the oracle's word",
    share: "nothing of it",
    project: "faults" as const,
    file: "test/faults/stream-kill.test.ts",
    env: {
      ...{ HEADGATE_TEST_KILLS: "0", HEADGATE_TEST_PROOF_KILLS: "20" },
      HEADGATE_TEST_KILLS_AFTER: String(at * 20),
    },
  })),
  {
    name: "verify-moving:mysql56",
    proves:
      "the same life from MySQL 5.6: verified while it is written to and applied, and rows broken meanwhile",
    share: "nothing of it",
    project: "world",
    file: "test/world/verify-moving.test.ts",
    env: { HEADGATE_TEST_SOURCES: "mysql56", HEADGATE_TEST_ROUNDS: "5" },
  },
  ...(["mariadb", "mysql56"] as const).map((source) => ({
    name: `repair:${source}`,
    proves:
      "rows broken on the target found by verify and brought back by repair, of an offline copy, of one that is followed, and 1,000 beside a hot writer, by the oracle's word",
    share: "the same from MySQL 9",
    project: "world" as const,
    file: "test/world/repair.test.ts",
    env: { HEADGATE_TEST_SOURCES: source },
  })),
  ...eachSource({
    name: "bad-moments",
    proves:
      "tables altered, dropped or locked while check or run reads them, a view whose definer is gone: a finding or a sentence each, the holder of a lock named",
    share: "the same from MySQL 9",
    project: "world",
    file: "test/world/bad-moments.test.ts",
  }),
  {
    name: "replica",
    proves:
      "a whole verification and a repair that read on a replica: what was broken is found, and brought back",
    share: "that each look waits for the replica, and that queries are asked there",
    project: "world",
    file: "test/world/replica.test.ts",
  },
  {
    name: "verify-bad-input",
    proves:
      "a sentence each for what verify cannot compare, and a source that goes away in the middle for good: it ends, and the next one goes on",
    share: "the same, but the source comes back",
    project: "world",
    file: "test/world/verify-bad-input.test.ts",
  },
  ...eachSource({
    name: "collation-names",
    proves: "every collation of the source: padding, case and accents as its name is read",
    share: "the same of MySQL 9 and MariaDB",
    project: "world",
    file: "test/world/collation-names.test.ts",
  }),
  ...[
    {
      name: "charsets",
      proves:
        "every character set of the source: each byte, 16,000 random sequences of bytes and 4,000 characters arrive as its own conversion says, what has none is named; UTF-8 in other character sets is recoded exactly",
    },
    {
      name: "collations",
      proves: "unique keys of each kind of collation hold on the target what the source holds equal",
    },
    {
      name: "collation-rules",
      proves: "each rule for a collation keeps what it says; clashes are named before the run",
    },
    {
      name: "sort-order",
      proves: "check names two rows that change places under ORDER BY, and they do",
      share: "the same from MySQL 9 to PostgreSQL 18",
    },
  ].flatMap(({ name, proves, share = "the same from MySQL 9 and MariaDB to PostgreSQL 18" }) =>
    each({
      name,
      proves,
      share,
      project: "world",
      file: `test/world/${name}.test.ts`,
    }),
  ),
  ...each({
    name: "kills",
    proves:
      "60 seeded kill -9 (20 in each of three parts; 6 beside MySQL 9 to PostgreSQL 18) of engine, source or target at named moments of a 200,000 row snapshot, resumed, equal by the oracle",
    share: "4 kills",
    project: "faults",
    file: "test/faults/snapshot-kill.test.ts",
    env: { HEADGATE_TEST_KILLS: "6" },
  }).flatMap((part) =>
    part.name === "kills:mysql9-postgres18"
      ? [0, 20, 40].map((seed, at) => ({
          ...part,
          name: `${part.name}:${String(at + 1)}`,
          env: { ...part.env, HEADGATE_TEST_KILLS: "20", HEADGATE_TEST_KILLS_AFTER: String(seed) },
        }))
      : [part],
  ),
  ...each({
    name: "stream",
    proves:
      "the seeded writer while copy and stream run, in one lane and in many: both sides equal by the oracle, its log on the target",
    share: "the same from MySQL 9, MySQL 5.6 and MariaDB to PostgreSQL 18",
    project: "world",
    file: "test/world/stream.test.ts",
  }),
  ...each({
    name: "stream-traps",
    proves:
      "every trap of change streams and every loss of the museum, by number and name, judged by the oracle",
    share: "the same from MySQL 9 and MariaDB to PostgreSQL 18",
    project: "world",
    file: "test/world/stream-traps.test.ts",
  }),
  ...eachSource({
    name: "ddl-kinds",
    proves:
      "some 50 kinds of DDL, each before the start, while it copies, past the join and while no engine runs: it goes on, equal by the oracle, or stops with the table, the statement, its place and what to do",
    share: "three of them, two from MySQL 9 and one from MariaDB",
    project: "world",
    file: "test/world/ddl-kinds.test.ts",
  }),
  ...eachSource({
    name: "hostile-names",
    proves:
      "names that try to be something else, of tables, columns, views, programs, partitions and sequences: through every verb, followed, repaired and copied again, every statement that we sent looked at",
    share: "a third of the names, copied, from MySQL 9",
    project: "world",
    file: "test/world/hostile-names.test.ts",
  }).filter(({ name }) => !name.endsWith("mysql56")),
  {
    name: "corpus-live",
    proves:
      "all corpus databases at once, each followed by an engine of its own while sessions write to it for 10 minutes: every table equal by the oracle",
    share: "one of them for a few transactions",
    project: "world",
    file: "test/world/corpus-live.test.ts",
  },
  ...Array.from({ length: 10 }, (_, at) => ({
    name: `stream-kills:${String(at + 1)}`,
    proves:
      "20 of 200 seeded kill -9 of engine, source or target at named moments of the change stream under the writer, each of which is met and all of which are chosen, resumed to level, equal by the oracle",
    share: "6 kills, two of them of fresh seeds",
    project: "faults" as const,
    file: "test/faults/stream-kill.test.ts",
    env: { HEADGATE_TEST_KILLS: "20", HEADGATE_TEST_KILLS_AFTER: String(at * 20) },
  })),
  ...(["mysql9", "mariadb"] as const).map((source) => ({
    name: `kafka:${source}`,
    proves:
      "the seeded writer over real Kafka, Connect and Debezium while copy and stream run: JSON, JSON with schemas and Avro, in one lane, in two, and in a topic a table of somebody's own connector, equal by the oracle",
    share: "two of these, one of them from MariaDB, and the way from log to Kafka and back",
    project: "world" as const,
    file: "test/world/kafka-live.test.ts",
    env: { HEADGATE_TEST_SOURCES: source },
  })),
  {
    name: "kafka-run",
    proves:
      "run, DDL and plan --amend, skip, recopy, by the command line, with changes over Kafka as over the source's log",
    share: "nothing of it",
    project: "world",
    file: "test/world/live-run.test.ts",
    env: { HEADGATE_TEST_FEED: "kafka" },
  },
  {
    name: "kafka-secured",
    proves:
      "a migration over a broker with TLS, a login and an authorizer that allows nothing by itself: it gets ready and is followed with the ACLs that docs/kafka.md lists for both users, each of which is needed; a wrong password, an unknown authority, another host name and no TLS are refused by check and by run",
    share: "the Kafka client alone against such a broker: each refusal, and each right of its user",
    project: "world",
    file: "test/world/kafka-secured.test.ts",
  },
  ...["kafka-kills", "kafka-kills-once"].flatMap((name) =>
    [0, 20, 40].map((seed, at) => ({
      name: `${name}:${String(at + 1)}`,
      proves: `20 of 60 seeded kill -9 of Connect, broker, engine or source under the writer${name === "kafka-kills" ? "" : ", with exactly-once source support"}, resumed to level, equal by the oracle`,
      share: name === "kafka-kills" ? "4 kills" : "nothing of it",
      project: "faults" as const,
      file: "test/faults/kafka-kill.test.ts",
      env: {
        HEADGATE_TEST_KILLS: "20",
        HEADGATE_TEST_KILLS_AFTER: String(seed),
        ...(name === "kafka-kills" ? {} : { HEADGATE_STACK_EXACTLY_ONCE: "1" }),
      },
    })),
  ),
  ...(["mysql9", "mariadb"] as const).flatMap((source) =>
    Array.from({ length: 9 }, (_, at) => ({
      name: `night-kills:${source}:${String(at + 1)}`,
      proves:
        "23 of the 207 kills of the night's matrix (engine, source or target, before, during or after each step of a cutover, of its way back and of a rollback out of the soak) under an application that follows the routing: no moment with both sides writable, one command ends it, every acknowledged write is there once on both sides",
      share: "9 of them from MySQL 9, and a rollback with the target dead",
      project: "faults" as const,
      file: "test/faults/night-kill.test.ts",
      env: {
        ...{ HEADGATE_TEST_SOURCES: source, HEADGATE_TEST_KILLS: "23" },
        HEADGATE_TEST_KILLS_AFTER: String(at * 23),
      },
    })),
  ),
  ...(["mysql9", "mariadb"] as const).flatMap((source) =>
    Array.from({ length: 3 }, (_, at) => ({
      name: `night-broker:${source}:${String(at + 1)}`,
      proves:
        "23 of the 69 kills of Kafka's broker, before, during or after each step of a cutover over Kafka, of its way back and of a rollback out of the soak, under an application that follows the routing: no moment with both sides writable, one command ends it, every acknowledged write is there once on both sides",
      share: "nothing of it",
      project: "faults" as const,
      file: "test/faults/night-kill.test.ts",
      env: {
        ...{ HEADGATE_TEST_SOURCES: source, HEADGATE_TEST_KILLS: "23", HEADGATE_TEST_FEED: "kafka" },
        HEADGATE_TEST_KILLS_AFTER: String(at * 23),
      },
    })),
  ),
  {
    name: "abandon",
    proves:
      "a migration that is given up while it copies, while it is ready and after a way back, and one that is completed, leave both servers as they were, killed at each part; two migrations of one source, of MySQL 9 and of MariaDB",
    share: "the same, less the way back, completed and MariaDB",
    project: "world",
    file: "test/world/abandon.test.ts",
  },
  ...(["mysql9", "mariadb"] as const).map((source) => ({
    name: `night-soak:${source}`,
    proves:
      "a soak of 15 minutes, an application and a random workload of every type on the target, engine, source or target killed by -9 every minute: all of it comes back, nothing is accused, a rollback proves it, the way forward verifies everything, equal by the oracle",
    share: "nothing of it",
    project: "faults" as const,
    file: "test/faults/night-soak.test.ts",
    env: { HEADGATE_TEST_SOURCES: source, HEADGATE_TEST_SOAK_SECONDS: "900" },
  })),
  {
    name: "night-resumed",
    proves:
      "what an engine leaves that was killed in the middle of a night is ended by the next command: a rollback, a complete, a lost journal, a cutover in another process",
    share: "the same, less the complete",
    project: "world",
    file: "test/world/night-resumed.test.ts",
  },
  {
    name: "night-lost",
    proves:
      "a soak whose slot is lost in the middle of a rollback: the next command opens the target again, and complete ends it",
    share: "nothing of it",
    project: "world",
    file: "test/world/night-lost.test.ts",
  },
  {
    name: "triggers",
    proves:
      "every trigger of the soak fired for real, a full disk too, told with its figures, and a person paged",
    share: "the same, less the disk and a way back that is behind, which take their time",
    project: "world",
    file: "test/world/triggers.test.ts",
  },
  {
    name: "zombie",
    proves:
      "an engine that is stopped in the middle of a batch, at three moments, stands for 60 seconds under the writer, is taken over from as --take-over does, and wakes up: nothing of it lands",
    share: "the same, with 60 seconds gone by the clock of the engine that wakes up",
    project: "faults",
    file: "test/faults/stream-zombie.test.ts",
    env: { HEADGATE_TEST_STAND_SECONDS: "60" },
  },
  ...Array.from({ length: 20 }, (_, at) => ({
    name: `simulation:${String(at + 1)}`,
    proves:
      "50,000 of 1,000,000 seeded lives of copy and stream in a virtual world, with delays, duplicates, crashes and takeovers at any await: the target is the source at every position",
    share: "20,000 lives",
    project: "simulation" as const,
    file: "test/simulation/seeds",
    env: { HEADGATE_TEST_SEEDS: "50000", HEADGATE_TEST_SEEDS_AFTER: String(at * 50_000) },
  })),
  ...Array.from({ length: 5 }, (_, at) => ({
    name: `simulation-verify:${String(at + 1)}`,
    proves:
      "10,000 of 50,000 seeded lives in which engines verify round after round, with commits that are delivered before a SELECT sees them: no false alarm, and a value that is changed behind their back is named",
    share: "one in twenty of 20,000 lives",
    project: "simulation" as const,
    file: "test/simulation/seeds",
    env: {
      ...{ HEADGATE_TEST_SEEDS: "10000", HEADGATE_TEST_PROVES: "1" },
      HEADGATE_TEST_SEEDS_AFTER: String(1_000_000 + at * 10_000),
    },
  })),
  ...[
    {
      name: "image-schemas",
      proves:
        "the row images of every hazard and of 400 random schemas are the copy's rows, in the protocol's own bytes",
      share: "one hazard of eight and 3 random schemas, others in the gate",
    },
    {
      name: "image-changes",
      proves: "100,000 generated changes told by the log, every value of them as SELECT gives it",
      share: "1,000 changes",
    },
    {
      name: "feed-size",
      proves:
        "rows of several packets, a sink that stops after everything, a transaction of 1 GB in less than 50 MB of memory, and one that was prepared before (XA) in less than 60 MB",
      share: "a transaction of 64 MB, and a prepared one of 17 MB",
    },
  ].flatMap(({ name, proves, share }) =>
    eachSource({ name, proves, share, project: "world", file: `test/conformance/${name}.test.ts` }),
  ),
  {
    name: "retention",
    proves:
      "a copy that takes longer than the source keeps its log is told of it, and ends by name when the log is purged while it runs",
    share: "a copy that goes on after its log was purged",
    project: "world",
    file: "test/world/retention.test.ts",
  },
  {
    name: "properties",
    proves:
      "every property of the code with seeds of its own: names, ranges, fold, codecs, lists, moments of the night",
    share: "the same from one seed, every time",
    project: "unit",
    file: ".test.ts",
    env: { HEADGATE_FRESH: "1" },
  },
  // A hundred at a time, so that an interrupted gate goes on where it was.
  ...Array.from({ length: 10 }, (_, at) => ({
    name: `random-schemas:${String(at + 1)}`,
    proves:
      "100 of 1,000 random schemas (75 of MySQL, 25 of MariaDB) with random rows: what check passes never fails in run, and the oracle sees no difference",
    share: "60 schemas",
    project: "world" as const,
    file: "test/world/random-schemas.test.ts",
  })),
];
