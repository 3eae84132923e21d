/** Before every test that uses servers: a login of Headgate as an administrator fails the test in which it happened. */
import { afterEach } from "vitest";
import { settled, tellBreaches } from "./engine-only.js";

const breaches: string[] = [];
tellBreaches((sentence) => breaches.push(sentence));

/** For the test that shows that a breach is seen: takes what was told so far. */
export function takeBreaches(): string[] {
  return breaches.splice(0);
}

afterEach(async () => {
  await settled();
  const found = takeBreaches();
  if (found.length > 0) throw new Error(found.join("\n"));
});
