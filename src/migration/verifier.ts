/**
 * The engine's own verification. It compares everything once the lanes have joined, before `ready` is said; then again and
 * again what events have touched, and at long intervals everything, so that the proof is never old when the night comes.
 * What a person asks for goes before its own rounds, which end between two ranges and go on afterwards where they were.
 * One verification runs at a time: the ledger has one record of each row.
 */
import pLimit from "p-limit";
import { Fault } from "../errors.js";
import type { Target } from "../port.js";
import { throwIfStopped } from "../stop.js";
import { runQueries } from "../verify/queries.js";
import type { GateOptions } from "../verify/queries.js";
import { repair } from "../verify/repair.js";
import type { RepairOutcome } from "../verify/repair.js";
import type { RepairRequest, RepairTools } from "../verify/repair-tools.js";
import { gaveWay, giveWay, inTurn, inTurns, lookFacts } from "../verify/tools.js";
import type { LookBeside, VerificationTools, VerifyRequest } from "../verify/verification.js";
import { tablesOf, verify } from "../verify/verification.js";
import { countTable } from "../verify/counts.js";
import type { CountVerdict } from "../verify/counts.js";
import { verifyOrphans } from "../verify/orphans.js";
import type { Sampling } from "../verify/sample.js";
import { verifySample } from "../verify/sampled.js";
import type { SampleOutcome } from "../verify/sampled.js";
import type { VerifyScope } from "../verify-port.js";
import {
  besideFacts,
  blockingOf,
  countedFacts,
  equalTables,
  openAfter,
  recounted,
  unjudgedOf,
} from "./verified.js";
import type { Verified } from "./verified.js";
import { AskedKeys } from "../verify/asked-keys.js";
import { checkpoints } from "../verify/still.js";

/** Between two looks at what was touched, and between two looks at everything. */
const touchedEveryMs = 30_000;
const wholeEveryMs = 3_600_000;
/** Between two looks at foreign keys of which a look at rows alone has left it open whether they hold: the fence would ask them. */
const deepEveryMs = 300_000;
/** Verifications among which the last of everything is looked for: more than an hour has of them. */
const lastRuns = 4_000;
/** The same while rows wait to be looked at again. */
const pendingEveryMs = 1_000;

export interface VerifierOptions {
  readonly tools: VerificationTools;
  readonly method: VerifyRequest["method"];
  /** verify.queries, and who answers them. */
  readonly gates: Pick<GateOptions, "gates" | "source"> & { readonly target: Pick<Target, "ask"> };
  /** Whether the lanes have joined: before that nothing can be proven. */
  readonly joined: () => boolean;
  /** Told of every verification that ended, and of every one that failed: the engine's own ones fail nobody else. */
  readonly onVerified: (verified: Verified) => void;
  readonly onFailure: (fault: Fault) => void;
  /** Called as a comparison of everything begins; what it returns, with the tables that were found equal to the last row. */
  readonly compares?: () => (equal: ReadonlySet<string>) => void;
}

/** Where rows are brought to, and the source itself. */
export interface Repairing extends Pick<RepairTools, "mender"> {
  readonly primary: RepairTools["primary"] & RepairTools["source"];
}

export interface VerifierStatus {
  readonly running: boolean;
  readonly last: Verified | null;
  readonly failure: Fault | null;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #asked: AskedKeys;
  readonly #turn = pLimit(1);
  #running = 0;
  /** People whose turn has not come. */
  #asking = 0;
  #last: Verified | null = null;
  /** How often tables were unproven: what was compared before says nothing any more. */
  #unproven = 0;
  #failure: Fault | null = null;

  constructor(options: VerifierOptions) {
    const { tools } = options;
    this.#asked = new AskedKeys(tools.plan, tools.engine);
    this.#options = { ...options, tools: { ...tools, asked: this.#asked } };
  }

  get status(): VerifierStatus {
    return { running: this.#running > 0, last: this.#last, failure: this.#failure };
  }

  /** What keeps `ready` back: nothing compared yet, or not to the end, or rows that differ. */
  blocking(): readonly string[] {
    return blockingOf(this.#last, this.#failure);
  }

  /** What is left to the fence where nothing keeps `ready` back, as codes. */
  get unjudged(): readonly string[] {
    return unjudgedOf(this.#last);
  }

  /** A change was left out: what is proven of its tables is not any more, whoever is comparing them now. */
  unproved(): void {
    this.#unproven += 1;
    this.#asked.forget();
    this.#last = null;
  }

  /** A verification for somebody who waits for it. `take` reads what is on record of it before anybody else has a turn. */
  async request<T>(
    request: VerifyRequest,
    take: (verified: Verified) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return await this.#served(
      async () => take(await this.#verify(this.#options.tools, request, "deep", signal)),
      signal,
    );
  }

  /** Some rows only; what is said of the others is told with it. */
  async sample(
    tables: readonly string[] | null,
    sample: Sampling,
    signal: AbortSignal,
  ): Promise<SampleOutcome> {
    return await this.#served(async () => {
      const outcome = await verifySample(this.#options.tools, tables, sample, signal);
      await this.#recount();
      return outcome;
    }, signal);
  }

  /** Rows counted on both sides, each table at one position, and put on record. */
  async counts(tables: readonly string[] | null, signal: AbortSignal): Promise<readonly CountVerdict[]> {
    const { tools } = this.#options;
    const counting = { ...tools, comparing: tools.comparings.stream };
    return await this.#served(async () => {
      const verdicts: CountVerdict[] = [];
      const counted = tablesOf(tools, tables);
      const scope: VerifyScope = {
        ...{ method: "stream", kind: "counts", sample: null },
        tables: counted.map(({ source }) => source).sort(),
      };
      const run = await inTurn(tools, () => tools.ledger.begin(scope), signal);
      for (const table of counted) verdicts.push(await countTable(counting, table, signal));
      const facts = { ...countedFacts(verdicts), ...lookFacts(tools) };
      await inTurn(tools, () => tools.ledger.end(run.id, facts), signal);
      return verdicts;
    }, signal);
  }

  /** Brings the rows on record to what the source has, for somebody who waits for it, between two verifications. */
  async repair(
    { mender, primary }: Repairing,
    request: RepairRequest,
    signal: AbortSignal,
  ): Promise<RepairOutcome> {
    return await this.#served(async () => {
      const { tools: given } = this.#options;
      // Rows are looked at byte by byte here, however they were found, and at the source itself: what a replica has otherwise
      // is written nowhere.
      const tools: RepairTools = {
        ...{ ...given, mender, primary, source: primary, atReplica: false },
        comparing: given.comparings.stream,
      };
      const outcome = await repair(tools, request, signal);
      if (!request.dryRun) await this.#recount();
      return outcome;
    }, signal);
  }

  /** Nobody else compares meanwhile: for the proof inside the fence. */
  async alone<T>(act: (tools: VerificationTools) => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#served(() => act(this.#options.tools), signal);
  }

  /** Goes on until the signal ends it. */
  async run(signal: AbortSignal): Promise<never> {
    const { tools: given, method } = this.#options;
    const tools: VerificationTools = { ...given, givesWay: () => this.#asking > 0 };
    /** When everything was compared last, by an engine before this one too; null until the first look is over. */
    let whole: number | null = null;
    let deepAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const full: boolean = whole !== null && tools.now() - whole >= wholeEveryMs;
      // Queries and foreign keys are as dear as the whole: asked at first, with the whole, and while one does not hold.
      const deep =
        full ||
        this.#last === null ||
        this.#last.open > 0 ||
        this.#asked.doubtful ||
        (tools.now() - deepAt >= deepEveryMs && !this.#asked.allKnown(await tools.ledger.tables())) ||
        this.blocking().some((code) => code !== "pending");
      const request: VerifyRequest = { method, full: full ? "round" : false, tables: null };
      try {
        await this.#alone(() => this.#verify(tools, request, deep ? "deep" : "rows", signal), signal);
        if (deep) deepAt = tools.now();
        whole = full || whole === null ? tools.now() - (full ? 0 : await this.#sinceWhole()) : whole;
      } catch (error) {
        throwIfStopped(signal);
        // Its turn comes again after theirs, and the ledger knows how far it was.
        if (error === gaveWay) continue;
        this.#fail(error);
      }
      const waits = this.#last !== null && this.#last.outcome.pending > 0n;
      await tools.wait(waits ? pendingEveryMs : touchedEveryMs, signal);
    }
  }

  /**
   * How long ago everything was compared. The verification that has just ended tells what time it is at the target: no two
   * clocks are held against each other. A round that an engine before this one did not end is due as it was then.
   */
  async #sinceWhole(): Promise<number> {
    const { ledger, plan } = this.#options.tools;
    const all = JSON.stringify(plan.tables.map(({ source }) => source).sort());
    const runs = await ledger.ended(lastRuns);
    const [latest] = runs;
    const everything = runs.find(
      ({ scope: { kind, tables }, facts }) =>
        JSON.stringify(tables) === all &&
        (kind === "full" || kind === "round" || (kind === "dirty" && facts["wholeTables"] === tables.length)),
    );
    if (typeof latest?.endedAt !== "string") return 0;
    if (typeof everything?.endedAt !== "string") return wholeEveryMs;
    return Math.max(0, Date.parse(latest.endedAt) - Date.parse(everything.endedAt));
  }

  /** Whatever it was, it fails nobody else, and `ready` waits. */
  #fail(error: unknown): void {
    const fault =
      error instanceof Fault
        ? error
        : new Fault("bug", "The verification failed in a way nobody foresaw.", { cause: error });
    this.#failure = fault;
    this.#options.onFailure(fault);
  }

  #demandJoined(): void {
    if (this.#options.joined()) return;
    throw new Fault("usage", "The lanes have not joined yet, so nothing can be compared.", {
      next: "headgate status",
    });
  }

  /** Within a turn. */
  async #verify(
    tools: VerificationTools,
    request: VerifyRequest,
    depth: "deep" | "rows",
    signal: AbortSignal,
  ): Promise<Verified> {
    const named = request.tables !== null;
    const unproven = this.#unproven;
    const settle = request.full === false ? undefined : this.#options.compares?.();
    let { gates: told, orphans }: Pick<Verified, "gates" | "orphans"> = this.#last ?? {
      gates: [],
      orphans: [],
    };
    const beside: LookBeside = async () => {
      if (depth === "rows") return {};
      const { gates } = this.#options;
      const asked = {
        ...gates,
        source: inTurns(gates.source, "source", tools),
        target: inTurns(gates.target, "target", tools),
      };
      const between = (): void => giveWay(tools);
      told = named
        ? []
        : await runQueries({
            ...{ ...asked, plan: tools.plan, still: tools, now: () => tools.now(), signal },
            onVerdict: between,
          });
      const at = await checkpoints(tools, signal);
      orphans = await verifyOrphans({
        target: asked.target,
        plan: tools.plan,
        tables: tablesOf(tools, request.tables),
        still: tools,
        showValues: false,
        signal,
        between,
      });
      this.#asked.looked(orphans, at);
      if (!named) this.#asked.answered();
      return named ? {} : besideFacts({ gates: told, orphans });
    };
    const outcome = await verify(tools, request, signal, beside);
    const before = this.#last?.open ?? 0;
    const open = depth === "rows" || named ? before : openAfter(before, { gates: told, orphans });
    const verified: Verified = { outcome, gates: told, orphans, open };
    if (unproven !== this.#unproven)
      throw new Fault("ledger-mismatch", "A change was skipped while its tables were being compared.", {
        next: "headgate verify",
      });
    // Ranges that an earlier attempt has compared were compared before this one began.
    if (outcome.resumed === 0) settle?.(equalTables(outcome));
    // A look at some tables says nothing of the others, but what it has found there counts.
    if (!named) {
      this.#last = verified;
      this.#failure = null;
    } else await this.#recount();
    this.#options.onVerified(verified);
    return verified;
  }

  /** What a look at a part has found counts among what is known of the whole. */
  async #recount(): Promise<void> {
    const counts = await this.#options.tools.ledger.mismatchCounts();
    if (this.#last !== null) this.#last = recounted(this.#last, counts);
  }

  /** A person's turn, which comes before the next piece of a round of ours. */
  async #served<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#asking += 1;
    let waiting = true;
    const begun = (): void => {
      if (waiting) this.#asking -= 1;
      waiting = false;
    };
    try {
      return await this.#alone(() => {
        begun();
        return act();
      }, signal);
    } finally {
      begun();
    }
  }

  async #alone<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#demandJoined();
    return await this.#turn(async () => {
      throwIfStopped(signal);
      this.#running += 1;
      try {
        return await act();
      } finally {
        this.#running -= 1;
      }
    });
  }
}
