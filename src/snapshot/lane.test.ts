/** What is noted of a lane's start: where its log and the topics stood before its first marker. */
import { expect, it } from "vitest";
import type { Position } from "../model.js";
import { startLanes } from "./lane.js";

const at: Position = { kind: "file", file: "log.000001", offset: "10" };

async function noted(topics?: Parameters<typeof startLanes>[2]): Promise<readonly Position[]> {
  const starts: Position[] = [];
  const tools = {
    source: {
      position: async () => Promise.resolve(at),
      preparedTransactions: async () => Promise.resolve([]),
      token: async () => Promise.resolve("5e4c"),
      mark: async () => Promise.resolve("1"),
    },
    ledger: {
      recordStart: async (_: string, position: Position) => Promise.resolve(void starts.push(position)),
      recordJoin: async () => Promise.resolve(),
    },
    onEvent: () => undefined,
    moment: () => undefined,
  };
  await startLanes(tools, ["one", "two"], topics);
  return starts;
}

it("has where the topics ended, for each lane, where a feed reads some", async () => {
  const topics = [{ topic: "shop.lane-one", offset: "9", begins: true }] as const;
  expect(await noted(topics)).toEqual([
    { ...at, topics },
    { ...at, topics },
  ]);
  expect(await noted()).toEqual([at, at]);
});
