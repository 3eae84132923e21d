/**
 * The source's own binary log as a ChangeFeed, put together: each read proves first that the log goes on where the
 * applied positions end, then dumps it over a connection of its own and hands over what it holds. Coming back after a
 * lost connection is the engine's business; nothing is remembered from one read to the next.
 */
import { tmpdir } from "node:os";
import type { Plan, Position, SourceEngine } from "../../../src/model.js";
import type { ChangeFeed, ChangeSink, FeedOptions } from "../../../src/stream-port.js";
import { throwIfStopped } from "../../../src/stop.js";
import { Fault } from "../../../src/errors.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";
import { readImageWorld } from "../image/world.js";
import type { ImageWorld } from "../image/world.js";
import { readPosition } from "../position.js";
import { openLifted } from "../wire/lifted.js";
import type { Wire } from "../wire/wire.js";
import { askIdentity, demandContinuity, demandSameLog } from "./continuity.js";
import { Dump } from "./dump.js";
import { EventStream } from "./event-stream.js";
import { LogFile } from "./log-file.js";
import { positionHolds } from "./positions.js";
import { demandNothingRecovered } from "./recovered.js";
import { readRetention, timeAt } from "./retention.js";
import { heartbeatMs, isReachable, prepareDump, readerOf } from "./session.js";
import type { DumpStart, Reader } from "./session.js";
import { namelessFile, removeNamed } from "./spill.js";
import { domainStanding, fileStanding, gtidStanding } from "./standing.js";
import type { Standing } from "./standing.js";
import { LogTables } from "./tables.js";

export interface BinlogFeedOptions {
  readonly server: MysqlOptions;
  readonly plan: Plan;
  /** How the feed calls itself to the source; one name a run. For tests. */
  readonly reader?: Reader;
  /** Milliseconds without a sign of life after which nobody is there. For tests. */
  readonly silenceMs?: number;
}

/** Reads what the images need to know of the server, over a connection that is closed again. */
export async function openBinlogFeed(options: BinlogFeedOptions): Promise<ChangeFeed> {
  await using connection = await Connection.open(options.server);
  const world = await readImageWorld(connection, options.plan.tables);
  const lower = (await connection.value("SELECT @@GLOBAL.lower_case_table_names")) !== "0";
  const reader = options.reader ?? readerOf(await connection.value("SELECT UUID()"));
  return new BinlogFeed(options, {
    world,
    lower,
    reader,
    engine: connection.engine,
    version: connection.version,
  });
}

/** What was asked when the feed was opened. */
interface Known {
  readonly world: ImageWorld;
  /** Table names are logged in lower case. */
  readonly lower: boolean;
  readonly reader: Reader;
  readonly engine: SourceEngine;
  readonly version: string;
}

class BinlogFeed implements ChangeFeed {
  readonly #options: BinlogFeedOptions;
  readonly #known: Known;
  readonly #open = new Set<Wire>();

  constructor(options: BinlogFeedOptions, known: Known) {
    this.#options = options;
    this.#known = known;
  }

  async read(from: readonly Position[], sink: ChangeSink, options: FeedOptions): Promise<void> {
    const { plan } = this.#options;
    throwIfStopped(options.signal);
    const wire = await this.#connect();
    try {
      const asked = this.#asked(wire, options.signal);
      const start = await demandContinuity(asked, from);
      await demandSameLog(asked, from, (file) => timeAt(asked, fileStart(file), () => this.#connect()));
      await demandNothingRecovered(asked, this.#known.version, from);
      const end = options.untilEnd ? await this.#end(wire, start.kind) : null;
      const log = new LogFile(await askIdentity(asked));
      const standing = standingOf(start, log);
      const tables = new LogTables(plan, this.#known.world, this.#known.lower);
      const names = { database: plan.database, tables: plan.tables.map(({ source }) => source) };
      const after = start.kind === "file" && !isReachable(start.place) ? start.place : null;
      const { spill: own } = this.#options.server;
      const folder = own ?? tmpdir();
      if (own !== undefined) removeNamed(own);
      let files = 0;
      const open = (): number => namelessFile(folder, `${this.#known.reader.uuid}-${String(files++)}`);
      const spill = { folder, open };
      using events = new EventStream({ tables, names, standing, log, sink, spill }, after);
      const command = await prepareDump(
        wire,
        this.#known.engine,
        start,
        this.#known.reader,
        options.untilEnd,
      );
      const dump = new Dump(events, sink, options.untilEnd);
      await wire.follow(
        command,
        dump,
        "Reading the source's log",
        options.signal,
        this.#options.silenceMs ?? silenceMs,
      );
      await dump.answer.promise;
      // The server says the same words when it is told to stop.
      if (end !== null && (events.group.inside || !standing.met(end)))
        throw new Fault("connection-lost", "The source ended its log's stream before the log's end.");
    } finally {
      this.#open.delete(wire);
      await wire[Symbol.asyncDispose]();
    }
  }

  holds(later: Position, earlier: Position): boolean {
    return positionHolds(this.#known.engine, later, earlier);
  }

  async retention(position: Position): Promise<number | null> {
    const wire = await this.#connect();
    try {
      return await readRetention(this.#asked(wire), position, () => this.#connect());
    } finally {
      this.#open.delete(wire);
      await wire[Symbol.asyncDispose]();
    }
  }

  async #connect(): Promise<Wire> {
    const wire = await openLifted(this.#options.server);
    this.#open.add(wire);
    return wire;
  }

  #asked(wire: Wire, signal?: AbortSignal): Parameters<typeof demandContinuity>[0] {
    const { host, port, expect } = this.#options.server;
    return {
      ask: (sql) => wire.query(sql, signal),
      engine: this.#known.engine,
      place: `${host}:${String(port)}`,
      expect,
    };
  }

  /** The log's end now, in the form of the positions that are read from. */
  async #end(wire: Wire, kind: DumpStart["kind"]): Promise<Position> {
    const end = await readPosition((sql) => wire.query(sql), this.#known.engine);
    return kind === "file" ? { kind, file: end.file, offset: end.offset } : end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#open) await wire[Symbol.asyncDispose]();
  }
}

/** Without a sign of life for so long, nobody is there. */
const silenceMs = heartbeatMs * 30;

function fileStart(file: string): DumpStart {
  return { kind: "file", place: { file, offset: 4 } };
}

function standingOf(start: DumpStart, log: LogFile): Standing {
  switch (start.kind) {
    case "set":
      return gtidStanding(start.set, log);
    case "domains":
      return domainStanding(new Map(start.domains), log);
    case "file":
      return fileStanding(start.place, log);
  }
}
