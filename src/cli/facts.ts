/**
 * The facts that a person decides by before a migration: the technical evaluation of `check`, and the nine that answer
 * get_migration_context. Each holds its value or "unknown", its time, and the statement that it comes from; what two
 * servers say together keeps both statements.
 */
import type { Fact, SourceMeasures, TargetMeasures } from "../measures.js";
import type { Source, Target } from "../port.js";

/** Either side of a fact that both servers have a part in. */
export type Both<S, T> = Fact<{ readonly source: S | "unknown"; readonly target: T | "unknown" }>;

export interface Measures {
  readonly source: SourceMeasures;
  readonly target: TargetMeasures;
}

export async function measureBoth(source: Source, target: Target, clock: () => Date): Promise<Measures> {
  const [from, to] = await Promise.all([source.measure(clock), target.measure(clock)]);
  return { source: from, target: to };
}

/** Versions, sizes, bloat, lag baseline, headroom, backup age. */
export function evaluationOf({ source, target }: Measures): Readonly<Record<string, Fact<unknown>>> {
  return {
    versions: both(source.version, target.version),
    sizes: both(source.sizes, target.sizes),
    bloat: both(source.free, target.dead),
    lagBaseline: both(source.replication, target.standbys),
    headroom: target.free,
    backupAge: source.backupAge,
  };
}

export const contextFacts = [
  "servers",
  "sizes",
  "rows",
  "tablesWithoutKey",
  "dependencies",
  "replication",
  "disk",
  "backupAge",
  "downtimeWindow",
] as const;

export type ContextFact = (typeof contextFacts)[number];

/** The nine facts of the context query. */
export function contextOf({ source, target }: Measures): Readonly<Record<ContextFact, Fact<unknown>>> {
  const { traffic } = source;
  return {
    servers: both(source.version, target.version),
    sizes: both(source.sizes, target.sizes),
    rows: source.rows,
    tablesWithoutKey: source.withoutKey,
    dependencies: source.dependencies,
    replication: both(source.replication, target.standbys),
    disk: joined([source.free, target.sizes, target.free], {
      sourceFreeInFiles: source.free.value,
      targetDatabase: target.sizes.value,
      targetFree: target.free.value,
    }),
    backupAge: source.backupAge,
    downtimeWindow: {
      ...traffic,
      value: { window: "unknown", traffic: traffic.value },
      note: `no server knows when writes may stop: ask the application's owners; traffic is ${traffic.note ?? "measured"}`,
    },
  };
}

function both<S, T>(source: Fact<S>, target: Fact<T>): Both<S, T> {
  return joined([source, target], { source: source.value, target: target.value });
}

/** "unknown" as a whole where nothing of it is known. The time is the later one. */
function joined<V extends Readonly<Record<string, unknown>>>(
  parts: readonly Fact<unknown>[],
  value: V,
): Fact<V> {
  const notes = [...new Set(parts.flatMap(({ note }) => note ?? []))];
  return {
    value: Object.values(value).every((part) => part === "unknown") ? "unknown" : value,
    takenAt:
      parts
        .map(({ takenAt }) => takenAt)
        .sort()
        .at(-1) ?? "",
    query: parts.map(({ query }) => query).join("; "),
    ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
  };
}
