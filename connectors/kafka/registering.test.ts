/** What is asked of Connect, in what order, to have a connector as it is to be; and when one is set going again. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import type { Connect, ConnectorConfig, ConnectorStatus, ConnectorState } from "./connect.js";
import { register } from "./registering.js";
import { demandUnchanged, tend } from "./tending.js";

const wanted: ConnectorConfig = { "connector.class": "X", "table.include.list": "a" };

/** One worker with one connector. `lives`: how many times in a row its task still dies when it is set going. */
class Worker {
  readonly acts: string[] = [];
  clock = 0;
  state: ConnectorState | null = null;
  task: ConnectorState = "RUNNING";
  there: ConnectorConfig | null;
  deaths = 0;
  silentUntil = 0;

  constructor(there: ConnectorConfig | null, state: ConnectorState | null, task: ConnectorState = "RUNNING") {
    this.there = there;
    this.state = state;
    this.task = task;
  }

  get connect(): Connect {
    const act = async (word: string, then: () => void): Promise<void> => {
      this.acts.push(word);
      then();
      return Promise.resolve();
    };
    const unused = async (): Promise<never> => Promise.reject(new Error("not asked for"));
    return {
      place: "Kafka Connect at http://c",
      cluster: unused,
      plugins: unused,
      names: unused,
      offsets: unused,
      config: async () => {
        if (this.clock < this.silentUntil) throw new Fault("server-unreachable", "Connect is out of reach.");
        return Promise.resolve(this.there === null ? null : { ...this.there, name: "n" });
      },
      validate: async (config) =>
        Promise.resolve(
          config["connector.class"] === "X" ? [] : [{ setting: "connector.class", why: "no such class" }],
        ),
      put: (_, config) =>
        act("put", () => {
          this.there = config;
          this.state ??= "RUNNING";
        }),
      status: async () => {
        if (this.clock < this.silentUntil) throw new Fault("server-unreachable", "Connect is out of reach.");
        return Promise.resolve(this.status);
      },
      pause: unused,
      forget: unused,
      resume: () => act("resume", () => void (this.state = this.task = "RUNNING")),
      stop: () => act("stop", () => void (this.state = "STOPPED")),
      restart: () =>
        act("restart", () => {
          if (this.deaths > 0) this.deaths -= 1;
          else this.task = "RUNNING";
        }),
      remove: unused,
    };
  }

  get status(): ConnectorStatus | null {
    if (this.state === null) return null;
    const tasks = this.state === "STOPPED" ? [] : [{ id: 0, state: this.task, trace: "java.lang.E: gone" }];
    return { state: this.state, trace: "", tasks };
  }

  get tools() {
    const { signal } = new AbortController();
    return {
      altered: (): Fault | null => null,
      changed: (config: ConnectorConfig): Fault | null =>
        config["table.include.list"] === "b" ? new Fault("topic-refused", "It has b.") : null,
      connect: this.connect,
      signal,
      now: () => this.clock,
      wait: async (ms: number): Promise<void> => {
        this.clock += ms;
        return Promise.resolve();
      },
    };
  }
}

async function faultOf(act: Promise<unknown>): Promise<Fault> {
  const error: unknown = await act.then(() => null).catch((thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error("nothing was refused");
}

describe("a connector that is registered", () => {
  it.each<[string, Worker, readonly string[]]>([
    ["anew", new Worker(null, null), ["put"]],
    ["as it is", new Worker(wanted, "RUNNING"), []],
    ["and was left stopped", new Worker(wanted, "STOPPED"), ["resume"]],
    ["and was paused", new Worker(wanted, "PAUSED", "PAUSED"), ["resume"]],
    ["and has failed", new Worker(wanted, "RUNNING", "FAILED"), ["restart"]],
    [
      "with another configuration",
      new Worker({ ...wanted, "table.include.list": "b" }, "RUNNING"),
      ["stop", "put", "resume"],
    ],
    [
      "with a setting too many",
      new Worker({ ...wanted, transforms: "mask" }, "RUNNING"),
      ["stop", "put", "resume"],
    ],
  ])("%s", async (_, worker, acts) => {
    await register("n", wanted, worker.tools);
    expect(worker.acts).toEqual(acts);
    expect(worker.there).toEqual(wanted);
  });

  it("is left as it is where somebody has changed it, and what it wrote since would be misread", async () => {
    const worker = new Worker({ ...wanted, "table.include.list": "b" }, "RUNNING");
    const { changed: altered } = worker.tools;
    const fault = await faultOf(register("n", wanted, { ...worker.tools, altered }));
    expect(fault.code).toBe("topic-refused");
    expect(worker.acts).toEqual([]);
  });

  it("is left as it is when Connect refuses what it should be", async () => {
    const worker = new Worker(wanted, "RUNNING");
    const fault = await faultOf(register("n", { "connector.class": "Y" }, worker.tools));
    expect(fault.code).toBe("connector-failed");
    expect(fault.message).toMatch(/connector\.class: no such class/);
    expect(worker.acts).toEqual([]);
  });
});

describe("a connector whose task dies while it is read", () => {
  it("is set going again, and again later: only deaths in a row count", async () => {
    const worker = new Worker(wanted, "RUNNING", "FAILED");
    const { tools } = worker;
    let rounds = 0;
    const wait = async (ms: number): Promise<void> => {
      worker.clock += ms;
      // It runs for ten minutes, and dies again.
      if (worker.task === "RUNNING" && ms === 2000) {
        worker.clock += 600_000;
        worker.task = "FAILED";
        rounds += 1;
      }
      if (rounds === 20) worker.state = "PAUSED";
      return Promise.resolve();
    };
    const fault = await faultOf(tend("n", { ...tools, wait, ours: true }));
    expect(fault.message).toMatch(/is paused/);
    expect(worker.acts).toEqual(Array.from({ length: 20 }, () => "restart"));
  });

  it("is given up when it dies each time", async () => {
    const worker = new Worker(wanted, "RUNNING", "FAILED");
    worker.deaths = 1000;
    const fault = await faultOf(tend("n", { ...worker.tools, ours: true }));
    expect(fault.code).toBe("connector-failed");
    expect(fault.next).toContain("headgate run");
    expect(worker.acts).toHaveLength(6);
    expect(worker.clock).toBeGreaterThan(100_000);
  });

  it("is left to whoever registered it", async () => {
    const worker = new Worker(wanted, "RUNNING", "FAILED");
    await faultOf(tend("n", { ...worker.tools, ours: false }));
    expect(worker.acts).toEqual([]);
  });
});

describe("a connector whose configuration is changed while it is read", () => {
  it("ends the reading, at the first look or at a later one, and is not set going again before", async () => {
    const at = async (changedAt: number): Promise<readonly [Fault, Worker]> => {
      const worker = new Worker(wanted, "RUNNING");
      const { tools } = worker;
      const wait = async (ms: number): Promise<void> => {
        worker.clock += ms;
        if (worker.clock > changedAt) change(worker);
        // Nobody would wait so long for a fault that is not seen.
        if (worker.clock > 600_000) worker.state = "PAUSED";
        return Promise.resolve();
      };
      if (changedAt === 0) change(worker);
      return [await faultOf(tend("n", { ...tools, wait, ours: true })), worker];
    };
    const change = (worker: Worker): void => {
      worker.there = { ...wanted, "table.include.list": "b" };
      // A new configuration may kill the task.
      worker.task = "FAILED";
    };
    for (const changedAt of [0, 60_000]) {
      const [fault, { acts, clock }] = await at(changedAt);
      expect(fault).toMatchObject({ code: "topic-refused" });
      expect(clock - changedAt).toBeLessThanOrEqual(4000);
      expect(acts).toEqual([]);
    }
  });

  it("is looked at before anything is read, unless Connect does not answer", async () => {
    const worker = new Worker({ ...wanted, "table.include.list": "b" }, "RUNNING");
    await expect(demandUnchanged("n", worker.tools)).rejects.toMatchObject({ code: "topic-refused" });
    worker.there = wanted;
    await demandUnchanged("n", worker.tools);
    worker.silentUntil = 1;
    await demandUnchanged("n", worker.tools);
  });
});

describe("a Connect that does not answer", () => {
  it("is waited for, a minute long", async () => {
    const worker = new Worker(wanted, "STOPPED");
    worker.silentUntil = 50_000;
    expect((await faultOf(tend("n", { ...worker.tools, ours: true }))).message).toMatch(/is stopped/);
    worker.clock = 0;
    worker.silentUntil = 1_000_000;
    const fault = await faultOf(tend("n", { ...worker.tools, ours: true }));
    expect(fault.code).toBe("server-unreachable");
    expect(worker.clock).toBeLessThan(70_000);
  });

  it("does not know its connectors when it has just begun, which is none that was removed", async () => {
    const worker = new Worker(wanted, null);
    const { tools } = worker;
    const wait = async (ms: number): Promise<void> => {
      worker.clock += ms;
      if (worker.clock > 20_000) worker.state ??= "PAUSED";
      return Promise.resolve();
    };
    expect((await faultOf(tend("n", { ...tools, wait, ours: true }))).message).toMatch(/is paused/);
    const gone = new Worker(wanted, null);
    const fault = await faultOf(tend("n", { ...gone.tools, ours: true }));
    expect(fault.code).toBe("connector-failed");
    expect(gone.clock).toBeGreaterThan(60_000);
    expect(gone.clock).toBeLessThan(70_000);
  });
});
