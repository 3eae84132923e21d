/**
 * The fence at the source: accounts that are shut, or read_only, or somebody's own hook; with each of them the event
 * scheduler is off and no transaction of an application is open. Raised and lowered again and again with one note it ends in
 * the same state, whatever statement an engine died at: each looks first at what is there.
 */
import type { Fence, FenceState, Note, RaiseOptions } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Finding } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { preparedTransactions } from "../marker.js";
import { meantBy, sameAccount, told } from "./account.js";
import type { Account } from "./account.js";
import { boltsOf, isShut, shut, unshut } from "./bolt.js";
import { fenceFindings } from "./findings.js";
import { appliers, serverLife } from "./life.js";
import { asNote, fromNote } from "./noted.js";
import type { FenceNote } from "./noted.js";
import { lowerReadOnly, raiseReadOnly, readOnlyNow } from "./read-only.js";
import { comingIn, isEvent, isOf, runningNow, settle } from "./running.js";
import type { Running } from "./running.js";
import { enabledEvents, restoreScheduler, schedulerNow, stopScheduler } from "./scheduler.js";
import type { Hand, NightSession } from "./session.js";
import type { SourceNightOptions } from "./way.js";

/** With the pause between two of them this is a second. */
const looksAtMost = 50;

export class SourceFence implements Fence {
  readonly #session: NightSession;
  readonly #options: SourceNightOptions;

  constructor(session: NightSession, options: SourceNightOptions) {
    this.#session = session;
    this.#options = options;
  }

  async findings(): Promise<readonly Finding[]> {
    return this.#session.read((connection) => fenceFindings(connection, this.#options));
  }

  async note(): Promise<Note> {
    return this.#session.read(async (connection) => asNote(await this.#noteNow(connection)));
  }

  async state(note: Note | null): Promise<FenceState> {
    return this.#session.read((connection) => this.#state(connection, note === null ? null : fromNote(note)));
  }

  async raise(note: Note, options: RaiseOptions): Promise<void> {
    const noted = fromNote(note);
    await this.#session.change(async (hand) => {
      await refusePrepared(hand.connection);
      const { accounts } = await meantBy(hand.connection, this.#options.way.accounts);
      const strange = accounts.filter((account) => !noted.bolts.some((bolt) => sameAccount(bolt, account)));
      if (strange.length > 0 && this.#shuts(noted))
        throw new Fault(
          "fence-refused",
          `${strange.map(told).join(", ")} came to the source since the fence was noted; lowering it would not know how to restore it.`,
        );
      await shut(hand, noted.bolts);
      if (noted.method === "read-only") await raiseReadOnly(hand);
      await stopScheduler(hand);
      if (this.#options.way.method === "hook") await this.#options.way.raise();
      // Who is let in by now is seen once it is in, and ended; who comes later is refused.
      const before = await comingIn(hand.connection);
      for (let looks = 1; before.length > 0 && looks < looksAtMost; looks += 1) {
        const still = await comingIn(hand.connection);
        if (!before.some((session) => still.includes(session))) break;
        await hand.connection.query("DO SLEEP(0.02)");
      }
      await this.#settle(hand, accounts, noted, options);
      // A session that was prepared meanwhile is no session any more, and may still be committed by anybody.
      await refusePrepared(hand.connection);
      const { raised, gaps } = await this.#state(hand.connection, noted);
      if (raised !== "yes")
        throw new Fault("fence-refused", `Somebody can still write to the source: ${gaps.join(" ")}`);
    });
  }

  async lower(note: Note): Promise<void> {
    const noted = fromNote(note);
    await this.#session.change(async (hand) => {
      if (noted.readOnly !== null) await lowerReadOnly(hand, noted.readOnly);
      await unshut(hand, noted.bolts);
      await restoreScheduler(hand, noted.scheduler);
      if (this.#options.way.method === "hook") await this.#options.way.lower();
    });
  }

  /** Sessions and lock are the night's, which closes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  async #noteNow(connection: Connection): Promise<FenceNote> {
    const { method, accounts: entries } = this.#options.way;
    const { accounts } = await meantBy(connection, entries);
    const readOnly = method === "read-only" ? await readOnlyNow(connection) : null;
    const shuts = method === "accounts" || (readOnly !== null && !readOnly.canPersist);
    return {
      method,
      scheduler: await schedulerNow(connection),
      bolts: shuts ? await boltsOf(connection, accounts) : [],
      readOnly,
    };
  }

  #shuts({ method, readOnly }: FenceNote): boolean {
    return method === "accounts" || (readOnly !== null && !readOnly.canPersist);
  }

  /** Whose transactions have to end, and which of them are ended without being waited for. */
  async #settle(
    hand: Hand,
    accounts: readonly Account[],
    noted: FenceNote,
    options: RaiseOptions,
  ): Promise<void> {
    const shuts = this.#shuts(noted);
    const theirs = (running: Running): boolean => isOf(running, accounts);
    await settle(
      hand,
      (running) =>
        !this.#isOurs(running) &&
        !running.comingIn &&
        (theirs(running) || isEvent(running) || running.rows > 0),
      (running) => shuts && theirs(running),
      options,
    );
  }

  #isOurs({ user }: Running): boolean {
    return user === this.#options.server.user || this.#options.ours.includes(user);
  }

  async #state(connection: Connection, note: FenceNote | null): Promise<FenceState> {
    const noted = note ?? (await this.#noteNow(connection));
    const parts: { readonly stands: boolean; readonly gap: string }[] = [];
    const { accounts } = await meantBy(connection, this.#options.way.accounts);
    if (this.#shuts(noted)) {
      for (const bolt of await boltsOf(connection, accounts))
        parts.push({ stands: isShut(bolt), gap: `The account ${told(bolt)} can write.` });
    }
    if (noted.method === "read-only") {
      const { global, persisted, canPersist } = await readOnlyNow(connection);
      parts.push({ stands: global === "ON", gap: "read_only is OFF." });
      if (canPersist)
        parts.push({
          stands: persisted === "ON",
          gap: "read_only would be forgotten when the server starts.",
        });
    }
    if (noted.method === "hook")
      parts.push({
        stands: note !== null && (await this.#probed()) !== "written",
        gap: note === null ? "The hook was not asked to fence." : "An application's account could write.",
      });
    const gaps = parts.filter(({ stands }) => !stands).map(({ gap }) => gap);
    const standing = parts.some(({ stands }) => stands);
    if (standing) gaps.push(...(await this.#others(connection, accounts, noted)));
    return {
      raised: !standing ? "no" : gaps.length === 0 ? "yes" : "partly",
      gaps,
      serverLife: await serverLife(connection),
    };
  }

  async #probed(): Promise<"written" | "refused" | "unreachable" | null> {
    return (await this.#options.probe?.attempt(new AbortController().signal)) ?? null;
  }

  /** What writes although every account of an application is kept out. */
  async #others(
    connection: Connection,
    accounts: readonly Account[],
    noted: FenceNote,
  ): Promise<readonly string[]> {
    const gaps: string[] = [];
    if ((await schedulerNow(connection)) === "ON" && (await enabledEvents(connection)).length > 0)
      gaps.push("The event scheduler is on, and events are enabled.");
    for (const running of await runningNow(connection)) {
      if (this.#isOurs(running) || running.comingIn) continue;
      const session = `session ${running.id} of ${told(running)}`;
      if (this.#shuts(noted) && isOf(running, accounts)) gaps.push(`There is a ${session}.`);
      else if (running.rows > 0) gaps.push(`A transaction has written in ${session}.`);
      else if (isEvent(running)) gaps.push(`An event runs, ${session}.`);
    }
    const from = await appliers(connection);
    if (from !== null && from.length > 0)
      gaps.push(`The source applies the log of another server (${from.join(", ")}).`);
    return gaps;
  }
}

async function refusePrepared(connection: Connection): Promise<void> {
  const names = await preparedTransactions(connection);
  if (names.length > 0)
    throw new Fault(
      "prepared-transactions",
      `${String(names.length)} XA transactions are prepared on the source and not ended: any session may still commit them, whatever is fenced.`,
    );
}
