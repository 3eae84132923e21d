/** What shows that a topic is still the one that was read before. */
import { Fault } from "../../../src/errors.js";

/** What must be met already: the record with this offset, or else the first row; `why` says what it means otherwise. */
export interface Proof {
  readonly offset: bigint | null;
  readonly why: (at: string) => string;
}

export function unproven(topic: string, sentence: string): Fault {
  return new Fault("topic-gap", `The topic ${topic} ${sentence}`, { facts: { topic } });
}
