/**
 * What the night needs at the source, put together: fence, decision, markers, triggers, counters. Reads go over a
 * connection of their own; whatever changes something goes over the one that holds the fence's named lock.
 */
import type { GivenKey, Note, ReverseLedger, SequenceAt, SourceNight } from "../../../src/cutover-port.js";
import type { Finding, Plan, Position } from "../../../src/model.js";
import { Connection } from "../connection.js";
import { mark, prepareMarkers } from "../marker.js";
import { readPosition } from "../position.js";
import { pastKeys } from "./counters.js";
import { MysqlDecision } from "./decision.js";
import { SourceFence } from "./fence.js";
import { planFindings } from "./plan-findings.js";
import { pastSequences, sequencesAt } from "./sequences.js";
import { NightSession } from "./session.js";
import { createTriggers, dropTriggers, triggersNote } from "./triggers.js";
import type { SourceNightOptions } from "./way.js";

/** Logs in as the fence's account once, so that a wrong URL is told now. */
export async function openSourceNight(options: SourceNightOptions): Promise<SourceNight> {
  await using first = await Connection.open(options.server);
  return new MysqlNight({ ...options, server: { ...options.server, expect: first.identity } });
}

class MysqlNight implements SourceNight {
  readonly fence: SourceFence;
  readonly decision: MysqlDecision;
  readonly wayBack: ReverseLedger;
  readonly #session: NightSession;

  constructor(options: SourceNightOptions) {
    this.#session = new NightSession(options);
    this.fence = new SourceFence(this.#session, options);
    this.decision = new MysqlDecision(this.#session);
    this.wayBack = options.wayBack;
  }

  async findings(plan: Plan): Promise<readonly Finding[]> {
    return this.#session.read((connection) => planFindings(connection, plan));
  }

  async position(): Promise<Position> {
    return this.#session.read((connection) =>
      readPosition((sql) => connection.query(sql), connection.engine),
    );
  }

  async mark(lane: string, note: string): Promise<string> {
    return this.#session.write(async ({ connection }) => {
      await prepareMarkers(connection, [lane]);
      return await mark(connection, lane, note);
    });
  }

  async triggers(plan: Plan): Promise<Note> {
    return this.#session.read((connection) => triggersNote(connection, plan));
  }

  async dropTriggers(note: Note): Promise<void> {
    await this.#session.change((hand) => dropTriggers(hand, note));
  }

  async createTriggers(note: Note): Promise<void> {
    await this.#session.change((hand) => createTriggers(hand, note));
  }

  async sequences(plan: Plan): Promise<readonly SequenceAt[]> {
    return this.#session.read((connection) => sequencesAt(connection, plan));
  }

  async pastKeys(plan: Plan, given: readonly GivenKey[], sequences: readonly SequenceAt[]): Promise<void> {
    await this.#session.change(async (hand) => {
      await pastKeys(hand, plan, given);
      await pastSequences(hand, sequences);
    });
  }

  until(signal: AbortSignal): () => void {
    return this.#session.until(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
