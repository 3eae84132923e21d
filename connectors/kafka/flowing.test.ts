/** Markers that come late, in part, or never: what is proven by them, on topics that a test fills. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import { untilFlowing } from "./flowing.js";
import type { FlowTools } from "./flowing.js";
import type { TopicQueue, TopicRecord } from "./topic.js";

/** What a reading has of a topic, from the place that `at` has for it on. */
function queueOf(
  topic: string,
  records: ReadonlyMap<string, readonly TopicRecord[]>,
  at: Map<string, number>,
): TopicQueue {
  const place = (): number => at.get(topic) ?? 0;
  return {
    topic,
    get head() {
      return records.get(topic)?.[place()] ?? null;
    },
    take: () => void at.set(topic, place() + 1),
    get reached() {
      return BigInt(place());
    },
  };
}

/** Topics of one process; a marker comes out where `routes` says, from the moment on that `from` names. */
class Topics {
  clock = 0;
  marks = 0;
  readonly records = new Map<string, TopicRecord[]>();
  readonly readFrom: bigint[] = [];
  readonly routes: ReadonlyMap<string, string>;
  readonly from: number;

  constructor(routes: Readonly<Record<string, string>>, from: number) {
    this.routes = new Map(Object.entries(routes));
    this.from = from;
  }

  put(topic: string, text: string): void {
    const all = this.records.get(topic) ?? [];
    all.push({
      offset: BigInt(all.length),
      timestamp: 0,
      key: null,
      value: Buffer.from(`{"after":{"id":1,"note":"${text}"}}`),
      headers: {},
    });
    this.records.set(topic, all);
  }

  get tools(): FlowTools {
    const pass = async (ms: number): Promise<void> => {
      this.clock += ms;
      await Promise.resolve();
    };
    return {
      mark: async (lane, note) => {
        this.marks += 1;
        const topic = this.routes.get(lane);
        if (topic !== undefined && this.clock >= this.from) this.put(topic, note);
        return Promise.resolve("1");
      },
      token: async () => Promise.resolve("5e4c"),
      now: () => this.clock,
      wait: pass,
      client: {
        lanes: async (topics) =>
          Promise.resolve(
            topics.map((topic) => {
              const all = this.records.get(topic);
              return {
                topic,
                partitions: all === undefined ? 0 : 1,
                low: 0n,
                high: BigInt(all?.length ?? 0),
              };
            }),
          ),
        read: async (starts) => {
          const at = new Map(starts.map(({ topic, offset }) => [topic, Number(offset)]));
          this.readFrom.push(...starts.map(({ offset }) => offset));
          return Promise.resolve({
            queue: (topic) => queueOf(topic, this.records, at),
            arrived: pass,
            [Symbol.asyncDispose]: async () => Promise.resolve(),
          });
        },
      },
    };
  }
}

const one = [{ topic: "shop.lane-main", tables: ["t"], markers: ["main"] }];
const { signal } = new AbortController();

async function faultOf(act: Promise<void>): Promise<Fault> {
  const error: unknown = await act.then(() => null).catch((thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error("nothing was refused");
}

describe("a connector", () => {
  it("that begins after the first marker is met by a later one", async () => {
    const topics = new Topics({ main: "shop.lane-main" }, 2500);
    await untilFlowing(one, topics.tools, signal, 60_000);
    expect(topics.marks).toBe(4);
  });

  it("is met in a topic that has much already, from its end on", async () => {
    const topics = new Topics({ main: "shop.lane-main" }, 0);
    for (let row = 0; row < 50; row += 1) topics.put("shop.lane-main", `row ${String(row)}`);
    await untilFlowing(one, topics.tools, signal, 60_000);
    expect(topics.readFrom).toEqual([50n]);
  });

  it.each([
    ["sends nothing", {}],
    ["sends the markers elsewhere", { main: "shop.headgate.marker_main" }],
  ])("that %s is told by lane and topic", async (_, routes: Record<string, string>) => {
    const fault = await faultOf(untilFlowing(one, new Topics(routes, 0).tools, signal, 5000));
    expect(fault.code).toBe("connector-failed");
    expect(fault.message).toMatch(/marker_main do not come out of the topic shop\.lane-main/);
  });

  it("proves each lane by its own marker, and none by another's or an older one's", async () => {
    const lanes = ["b", "ab"].map((lane) => ({ topic: "shop.all", tables: [], markers: [lane] }));
    const topics = new Topics({ ab: "shop.all" }, 0);
    topics.put("shop.all", "feed=b=0ld");
    const fault = await faultOf(untilFlowing(lanes, topics.tools, signal, 5000));
    expect(fault.message).toMatch(/marker_b /);
  });
});
