/** An offline copy looked at by an engine of its own: nobody follows the source's log, so nothing is excused by it. */
import { Fault } from "../errors.js";
import type { Inspection } from "../migration.js";
import { Verifier } from "../migration/verifier.js";
import type { Works } from "../serve/jobs.js";
import { eitherOf } from "../stop.js";
import { engineVoice } from "./engine-voice.js";
import type { OpenMigration } from "./open.js";
import { openSteering } from "./steering.js";
import { Ticker } from "./ticker.js";
import type { VerbContext } from "./verb.js";
import { verifyTools } from "./verify-tools.js";
import { VerifyWatch } from "./verify-watch.js";
import { worksOf } from "./works.js";

export async function atRest(
  context: VerbContext,
  migration: OpenMigration,
  found: Inspection,
  act: (works: Works, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { services } = context;
  const { target } = await migration.both();
  const { screen, log } = await engineVoice(context);
  await using steering = await openSteering({
    context,
    migration,
    log,
    listen: null,
    signal: services.signal,
  });
  const { source, primary } = steering;
  await using ledger = await steering.claim(() => target.claim(found.plan, found.source.identity));
  const life = new AbortController();
  const signal = eitherOf(services.signal, ledger.lost, life.signal);
  const ticker = new Ticker(context, screen, found.plan, await ledger.view());
  await steering.begin(ticker);
  const watch = new VerifyWatch(found.plan, log, services.now);
  const parts = { services, migration, found, source, primary, target, ledger, following: null, watch };
  const verifier = new Verifier({
    tools: verifyTools({
      ...parts,
      workers: () => steering.settings.workers,
      pacer: () => steering.pacer(),
    }),
    method: migration.config.verify.method,
    joined: () => true,
    gates: { gates: migration.config.verify.queries, source, target },
    onVerified: () => undefined,
    onFailure: () => undefined,
  });
  const works = worksOf({ ...parts, verifier, signal });
  steering.works(works);
  try {
    await act(works, signal);
  } finally {
    // Others may have asked over the socket meanwhile.
    life.abort(
      new Fault("connection-lost", "The engine that did this has ended meanwhile.", {
        next: "Run the same command again.",
      }),
    );
  }
}
