/**
 * The verifier of the engine of live.ts, put together as `run` does, and what it names as lines that tests compare: a
 * table, a key as `verify` spells it (none where the table has none), what is wrong, and in which columns.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Verifier } from "../../src/migration/verifier.js";
import type { Verified } from "../../src/migration/verified.js";
import type { Plan, SourceEngine } from "../../src/model.js";
import type { Ledger, Source, Target } from "../../src/port.js";
import { stopReason } from "../../src/stop.js";
import { wayOf } from "../../src/verify/compare.js";
import { digestComparing } from "../../src/verify/digest.js";
import { keyTexts } from "../../src/verify/key-text.js";
import { streamed } from "../../src/verify/streamed.js";
import type { Following } from "../../src/verify/tools.js";
import type { VerificationTools } from "../../src/verify/verification.js";

export interface LiveVerifierParts {
  readonly source: Source;
  readonly target: Target;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly following: Following;
  readonly joined: () => boolean;
  readonly rangeRows: number;
  readonly moment: ((moment: string) => void | Promise<void>) | undefined;
}

export function liveTools({ source, target, ledger, ...parts }: LiveVerifierParts): VerificationTools {
  return {
    ...parts,
    source,
    target,
    ledger: ledger.verification(),
    cuts: async () =>
      new Map(
        (await ledger.view()).tables.flatMap(({ table, cut }) =>
          cut === null ? [] : [[table, cut] as const],
        ),
      ),
    comparings: {
      stream: streamed,
      digest: digestComparing({ stream: streamed, ordered: (table) => wayOf(table) === "stream" }),
    },
    workers: () => 2,
    slots: 8,
    slot: (host, slots) => (host === "target" ? ledger.slot(slots) : source.reader(slots)),
    now: () => performance.now(),
    wait: async (milliseconds, signal) => {
      try {
        await sleep(milliseconds, undefined, { signal });
      } catch (error) {
        throw signal.aborted ? stopReason(signal) : error;
      }
    },
    moment: parts.moment ?? (() => undefined),
    onEvent: () => undefined,
  };
}

export function liveVerifier(
  tools: VerificationTools,
  { source, target, joined }: Pick<LiveVerifierParts, "source" | "target" | "joined">,
): Verifier {
  return new Verifier({
    tools,
    method: "stream",
    joined,
    gates: { gates: [], source, target },
    onVerified: () => undefined,
    onFailure: () => undefined,
  });
}

export interface NamedRow {
  readonly table: string;
  readonly key: readonly string[] | null;
  readonly kind: string;
  readonly columns: readonly string[];
}

export function lineOf({ table, key, kind, columns }: NamedRow): string {
  return `${table} ${key === null ? "" : JSON.stringify(key)} ${kind} ${[...columns].sort().join(",")}`;
}

/** The rows that it accuses, one line each; of rows without a key as many as it has copies. */
export function namedLines({ outcome }: Verified, engine: SourceEngine): string[] {
  return outcome.tables.flatMap(({ table, mismatches }) =>
    mismatches.flatMap(({ key, kind, columns, copies }) =>
      Array.from({ length: copies }, () =>
        lineOf({
          table: table.source,
          key: table.key === null ? null : keyTexts(table, engine, key),
          kind,
          columns,
        }),
      ),
    ),
  );
}
