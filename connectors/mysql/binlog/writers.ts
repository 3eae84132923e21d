/**
 * Which server wrote which number of a domain, as far as was met lately. A feed at second hand takes a number at or before
 * the last one for a repeat; where another server wrote it, it is a transaction that nobody has applied. Numbers of before
 * this reading are known by their places: a repeat stands before where the reading began.
 */
import type { LogPlace } from "../../../src/stream-port.js";
import { notGrowing } from "./domains.js";
import type { DomainGtid } from "./domains.js";
import { compareFiles, isOneSeries } from "./log-file.js";

type Gtid = DomainGtid & { readonly domain: number };

/** Numbers of a domain that are remembered. A connector that is killed repeats some ten thousand. */
const most = 100_000;

export class Writers {
  readonly #began: Omit<LogPlace, "gtid">;
  readonly #byDomain = new Map<number, Map<bigint, number>>();

  /** `began`: where the reading begins. */
  constructor({ file, offset }: Omit<LogPlace, "gtid">) {
    this.#began = { file, offset };
  }

  note({ domain, server, number }: Gtid): void {
    let writers = this.#byDomain.get(domain);
    if (writers === undefined) {
      writers = new Map();
      this.#byDomain.set(domain, writers);
    }
    writers.set(number, server);
    if (writers.size <= most) return;
    for (const oldest of writers.keys()) {
      writers.delete(oldest);
      return;
    }
  }

  /** A number that is met already is told again: it must be of the server that wrote it. `last` of its domain. Fault log-refused. */
  demandSame(gtid: Gtid, last: DomainGtid, at: LogPlace): void {
    const { domain, server, number } = gtid;
    const known = number === last.number ? last.server : this.#byDomain.get(domain)?.get(number);
    if (known === server) return;
    if (known !== undefined) throw notGrowing(gtid, { domain, server: known, number });
    if (server !== last.server && this.#isPast(at)) throw notGrowing(gtid, { domain, ...last });
    // Where it stands is known now, so the next one of this number is held against it.
    if (at.file !== "") this.note(gtid);
  }

  #isPast({ file, offset }: LogPlace): boolean {
    const { file: first, offset: from } = this.#began;
    if (!isOneSeries(file, first)) return false;
    return compareFiles({ file, offset: Number(offset) }, { file: first, offset: Number(from) }) > 0;
  }
}
