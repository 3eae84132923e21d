/** Stretches of numbers of one domain, as a witness is asked for them. */
import { Fault } from "../../../src/errors.js";

/** Numbers of one domain, both ends included, whatever server they are of: `0:5-9`. */
export interface DomainStretch {
  readonly domain: number;
  readonly first: bigint;
  readonly last: bigint;
}

export function stretchText({ domain, first, last }: DomainStretch): string {
  return `${String(domain)}:${String(first)}-${String(last)}`;
}

export function parseStretches(names: string): readonly DomainStretch[] {
  return names.split(",").map((name) => {
    const match = /^(\d+):(\d+)-(\d+)$/u.exec(name);
    if (match === null) throw new Fault("bug", `"${name}" is no stretch of a domain.`);
    return { domain: Number(match[1]), first: BigInt(match[2] ?? ""), last: BigInt(match[3] ?? "") };
  });
}
