/** A verification inside an engine, for whoever asks over the socket or became the engine for it. */
import type { SourceEngine } from "../model.js";
import type { Verified } from "../migration/verified.js";
import type { Verifier } from "../migration/verifier.js";
import type { JobAct } from "../serve/jobs.js";
import type { VerifyLedger } from "../verify-port.js";
import { writeMismatches } from "./mismatch-file.js";
import { readAsk } from "./verify-ask.js";
import { countsBody, sampleBody } from "./verify-part.js";
import { verifyBody } from "./verify-body.js";
import type { VerifyWatch } from "./verify-watch.js";

export interface VerifyJobOptions {
  readonly verifier: Pick<Verifier, "request" | "sample" | "counts">;
  readonly ledger: VerifyLedger;
  readonly engine: SourceEngine;
  readonly method: "stream" | "digest";
  /** `.headgate/<migration>`. */
  readonly directory: string;
  readonly watch: VerifyWatch;
  /** Whether the source's log is applied meanwhile. */
  readonly followed: boolean;
  /** Whether the source's rows are read on source.replica. */
  readonly atReplica: boolean;
  readonly now: () => number;
}

export function verifyJob(options: VerifyJobOptions): JobAct {
  const { verifier, ledger, engine, method, directory, watch, now } = options;
  const act: JobAct = async (what, onProgress, signal) => {
    const ask = readAsk(what);
    const began = now();
    const seconds = (): number => (now() - began) / 1000;
    const followed = watch.follow((reading) => onProgress({ ...reading }));
    try {
      if (ask.counts) return countsBody(await verifier.counts(ask.tables, signal), seconds());
      if (ask.sample !== null)
        return sampleBody(
          await verifier.sample(ask.tables, ask.sample, signal),
          engine,
          ask.sample,
          seconds(),
        );
      // Read before anybody else's verification changes what is on record.
      const take = async (verified: Verified): Promise<Readonly<Record<string, unknown>>> => {
        const mismatchFile = await writeMismatches(directory, ledger, verified.outcome, engine);
        return verifyBody(verified, engine, { seconds: seconds(), mismatchFile });
      };
      return await verifier.request(
        { method: ask.method ?? method, full: ask.full, tables: ask.tables },
        take,
        signal,
      );
    } finally {
      followed[Symbol.dispose]();
    }
  };
  // Counts and samples, too, are of a target that stands still while the source goes on.
  return async (...asked) => ({
    ...(await act(...asked)),
    followed: options.followed,
    ...(options.atReplica ? { replica: true } : {}),
  });
}
