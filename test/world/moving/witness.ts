/** The oracle, which shares no code with the engine, as witness of what a verification named. */
import { expect } from "vitest";
import { judges } from "../journey.js";
import { compare } from "../oracle/oracle.js";

/** The tables that it finds unequal are those of the lines, each of which begins with its table; less such lines as it does not see. */
export async function expectWitnessed(
  sourceAt: string,
  targetAt: string,
  named: readonly string[],
  beyondOracle: readonly string[],
): Promise<void> {
  const [from, to] = await judges(sourceAt, targetAt);
  try {
    const database = decodeURIComponent(new URL(sourceAt).pathname.slice(1));
    const verdicts = await compare(from, to, { database, schema: "public" });
    expect(verdicts.length).toBeGreaterThan(10);
    const seen = [...named];
    // Rows without a key have equal lines: each takes one away.
    for (const line of beyondOracle) seen.splice(seen.indexOf(line), seen.includes(line) ? 1 : 0);
    const told = new Set(seen.map((line) => line.split(" ")[0]));
    expect(verdicts.filter(({ equal }) => !equal).map(({ table }) => table)).toEqual([...told].sort());
  } finally {
    await from.end();
    await to.end();
  }
}
