/**
 * XA transactions that were prepared and do not end. The log has their rows already, and a lane that leaves them out
 * comes to no position of the source's that holds them: it joins nothing and is compared with nothing until somebody
 * ends them. One that comes and goes is nobody's concern, so each look tells of those only that the look before met too.
 */
import type { Source } from "../port.js";

/** Names of those that were there at the last look already. */
export function unendedOf(source: Pick<Source, "preparedTransactions">): () => Promise<readonly string[]> {
  let before: readonly string[] = [];
  return async () => {
    const now = await source.preparedTransactions();
    const both = now.filter((name) => before.includes(name));
    before = now;
    return both;
  };
}
