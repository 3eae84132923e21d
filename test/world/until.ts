/** Asks until it is so; how many times it can ask within that time is the machine's business. */
export async function until(condition: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it did not come about within ${String(withinMs)} ms`);
}
