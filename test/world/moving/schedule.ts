/**
 * What happens at which moment of an engine: acts with the name of a moment and how often it is met first. The engine
 * waits for an act, unless it is one that may have to wait for the engine.
 */
interface Planned {
  readonly moment: string;
  left: number;
  readonly waits: boolean;
  readonly act: () => Promise<void>;
}

export class Schedule {
  #planned: Planned[] = [];
  readonly #acts: Promise<void>[] = [];
  /** One act at a time of those that the engine waits for, and of the others. */
  #last: Promise<void> = Promise.resolve();
  #lastOther: Promise<void> = Promise.resolve();

  /** At the hit-th time (1 is the first) from now on. `waits`: the engine stands still meanwhile. */
  at(moment: string, hit: number, waits: boolean, act: () => Promise<void>): void {
    this.#planned.push({ moment, left: hit, waits, act });
  }

  /** Names of the moments at which something is still to happen. */
  get open(): readonly string[] {
    return this.#planned.map(({ moment, left }) => `${moment} (${String(left)} more)`);
  }

  /** As a setting of live.ts has it. */
  readonly moment = async (name: string): Promise<void> => {
    const due: Planned[] = [];
    this.#planned = this.#planned.filter((each) => {
      if (each.moment !== name) return true;
      each.left -= 1;
      if (each.left > 0) return true;
      due.push(each);
      return false;
    });
    for (const { waits, act } of due) {
      if (!waits) {
        this.#lastOther = this.#lastOther.then(act);
        this.#acts.push(this.#lastOther);
        continue;
      }
      this.#last = this.#last.then(act);
      this.#acts.push(this.#last);
      await this.#last;
    }
  };

  /** Rejects with what an act failed of. */
  async settled(): Promise<void> {
    await Promise.all(this.#acts.splice(0));
  }
}
