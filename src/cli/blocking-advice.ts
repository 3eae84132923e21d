/** What keeps `ready` back and never passes by itself: a sentence, and what a person does about it. */
import type { FeedDoubt } from "../stream-port.js";
import type { NextStep } from "./output.js";

export interface BlockingAdvice {
  readonly sentence: string;
  readonly todo: string;
  readonly command: string;
}

const known: Readonly<Record<FeedDoubt, BlockingAdvice>> = {
  "connector-unseen": {
    sentence:
      "Kafka Connect is not named, so nobody can be asked whether the connector has committed what it sent: level is not proven.",
    todo: "Name feed.kafka.connect in headgate.yaml",
    command: "headgate run",
  },
};

/** As the next commands of a verb. */
export function stepsOn(codes: readonly string[]): readonly NextStep[] {
  return adviceOn(codes).map(({ sentence, todo, command }) => ({ why: `${sentence} ${todo}.`, command }));
}

/** Of those codes that are of this kind. */
export function adviceOn(codes: readonly string[]): readonly BlockingAdvice[] {
  return Object.entries(known).flatMap(([code, advice]) => (codes.includes(code) ? [advice] : []));
}
