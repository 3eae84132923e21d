/**
 * Positions of MariaDB: of each replication domain the last GTID, `0-1-7,2-1-3`. Inside a domain numbers only grow
 * (gtid_strict_mode); where they do not the feed stops, because then no position could say what it holds.
 */
import { Fault } from "../../../src/errors.js";

export interface DomainGtid {
  readonly server: number;
  readonly number: bigint;
}

export type Domains = ReadonlyMap<number, DomainGtid>;

/** A prepared transaction that a position does not hold, though it holds later ones of its domain. */
export interface DomainLeftOut extends DomainGtid {
  readonly domain: number;
  /** The domain's GTID before it; null where it was the first. */
  readonly after: DomainGtid | null;
}

export function domainName({ domain, server, number }: DomainGtid & { readonly domain: number }): string {
  return `${String(domain)}-${String(server)}-${String(number)}`;
}

/** Throws Fault position-unknown. */
export function parseDomains(text: string): Map<number, DomainGtid> {
  const domains = new Map<number, DomainGtid>();
  for (const part of text.replaceAll(/\s/gu, "").split(",")) {
    if (part === "") continue;
    const match = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/u.exec(part);
    if (match === null)
      throw new Fault("position-unknown", `"${text.slice(0, 200)}" is no GTID position of MariaDB.`);
    const [domain, server] = [Number(match[1]), Number(match[2])];
    const number = BigInt(match[3] ?? "");
    const known = domains.get(domain);
    // gtid_binlog_state lists one a server; the last of the domain is its highest.
    if (known === undefined || known.number < number) domains.set(domain, { server, number });
  }
  return domains;
}

export function domainsText(domains: Domains): string {
  return [...domains]
    .sort(([a], [b]) => a - b)
    .map(([domain, { server, number }]) => `${String(domain)}-${String(server)}-${String(number)}`)
    .join(",");
}

/** What both hold. */
export function commonDomains(a: Domains, b: Domains): Map<number, DomainGtid> {
  const both = new Map<number, DomainGtid>();
  for (const [domain, one] of a) {
    const other = b.get(domain);
    if (other !== undefined) both.set(domain, one.number < other.number ? one : other);
  }
  return both;
}

/** `behind`: what stands before it in the log. */
export function notGrowing(gtid: DomainGtid & { readonly domain: number }, behind: typeof gtid): Fault {
  return new Fault(
    "log-refused",
    `The source's log has ${domainName(gtid)} behind ${domainName(behind)}: numbers that do not grow cannot be told apart from what was applied already.`,
    { next: "Set gtid_strict_mode = ON on the source, and begin a new migration." },
  );
}
