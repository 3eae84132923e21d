/**
 * `describe.each` for tests that are written for some sources only: those of them that this run is about. Where it is
 * about none of them, one skipped test says so, so that a list of servers never makes a file of tests vanish.
 */
import { describe, it } from "vitest";
import { testSources } from "./matrix.js";
import type { SourceName } from "./matrix.js";

export function fromSources<N extends SourceName>(
  able: readonly N[],
  title: string,
  tests: (source: N) => void,
): void {
  const here = able.filter((name) => testSources.includes(name));
  if (here.length > 0) describe.each(here)(title, tests);
  else
    it(title.replace("%s", testSources.join(", ")), (context) => {
      context.skip(`is written for ${able.join(" and ")}, and this run is about ${testSources.join(", ")}`);
    });
}
