/** A verification inside an engine, for whoever asks over the socket or became the engine for it. */
import type { SourceEngine } from "../model.js";
import type { Verified, Verifier } from "../migration/verifier.js";
import type { JobAct } from "../serve/jobs.js";
import type { VerifyLedger } from "../verify-port.js";
import { writeMismatches } from "./mismatch-file.js";
import { readAsk } from "./verify-ask.js";
import { verifyBody } from "./verify-body.js";
import type { VerifyWatch } from "./verify-watch.js";

export interface VerifyJobOptions {
  readonly verifier: Pick<Verifier, "request">;
  readonly ledger: VerifyLedger;
  readonly engine: SourceEngine;
  readonly method: "stream" | "digest";
  /** `.headgate/<migration>`. */
  readonly directory: string;
  readonly watch: VerifyWatch;
  readonly now: () => number;
  /** The engine's life. */
  readonly signal: AbortSignal;
}

export function verifyJob(options: VerifyJobOptions): JobAct {
  const { verifier, ledger, engine, method, directory, watch, now } = options;
  return async (what, onProgress, signal) => {
    const ask = readAsk(what);
    const began = now();
    const followed = watch.follow((reading) => onProgress({ ...reading }));
    let verified: Verified;
    try {
      verified = await verifier.request(
        { method: ask.method ?? method, full: ask.full, tables: ask.tables },
        AbortSignal.any([signal, options.signal]),
      );
    } finally {
      followed[Symbol.dispose]();
    }
    const mismatchFile = await writeMismatches(directory, ledger, verified.outcome, engine);
    return verifyBody(verified, engine, { seconds: (now() - began) / 1000, mismatchFile });
  };
}
