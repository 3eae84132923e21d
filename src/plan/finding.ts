/**
 * Where planning writes down what it could not carry over exactly. Nothing is dropped in silence: whoever leaves
 * something out, renames it or builds a near thing adds a finding with the object's name in the source's words.
 */
import type { Finding, Severity } from "../model.js";
import { byTexts } from "./order.js";

export interface NewFinding {
  readonly code: string;
  readonly severity: Severity;
  readonly object: string;
  readonly sentence: string;
  readonly fix: string;
  /** 1 when not said. */
  readonly count?: number;
  readonly propose?: readonly string[];
  readonly settle?: NonNullable<Finding["settle"]>;
}

export interface Findings {
  add(finding: NewFinding): void;
  /** Errors first, then by object, code and sentence. */
  sorted(): readonly Finding[];
}

const weight: Readonly<Record<Severity, string>> = { error: "0", warning: "1", info: "2" };

/** An empty collection. */
export function collectFindings(): Findings {
  const found: Finding[] = [];
  return {
    add({ count = 1, ...rest }) {
      found.push({ ...rest, count, sampleKeys: [] });
    },
    sorted: () =>
      [...found].sort(byTexts((item) => [weight[item.severity], item.object, item.code, item.sentence])),
  };
}
