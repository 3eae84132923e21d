/**
 * One side's connection, ready for a connector: the URL taken apart and its TLS settled. Encryption with full
 * verification is what holds when nothing is said, but on the machine itself, where there is no wire.
 */
import { isAbsolute, join, resolve } from "node:path";
import { Fault } from "../errors.js";
import type { Env } from "./environment.js";
import { FillProblem, fill } from "./fill.js";
import type { Redactor } from "./redact.js";
import type { Config } from "./schema.js";
import { readPem, readSecret } from "./secret-file.js";
import type { Server, Tls, UrlSide } from "./url.js";
import { isLoopback, parseUrl, redacted } from "./url.js";

export interface Endpoint {
  readonly server: Server;
  readonly tls: Tls;
  /** Filled in, with its password: for the driver, never for a screen. */
  readonly url: string;
  /** The URL with *** for its password, for screens. */
  readonly shown: string;
}

export type EndpointResult =
  | { readonly endpoint: Endpoint }
  | { readonly problem: { readonly key: "url" | "tls"; readonly found: string; readonly allowed: string } };

/** `tls.ca` is relative to `folder`. */
export function endpointOf(
  side: UrlSide,
  said: Pick<Config[UrlSide], "url" | "tls">,
  folder: string,
): EndpointResult {
  const result = parseUrl(said.url, side);
  if ("problem" in result) return { problem: { key: "url", ...result.problem } };
  const { server } = result;
  const shown = redacted(said.url);
  const mode = said.tls?.mode ?? (isLoopback(server.host) ? "off" : "verify-full");
  const ca = said.tls?.ca;
  if (mode === "off") return { endpoint: { server, url: said.url, tls: { mode }, shown } };
  if (ca === undefined) return { endpoint: { server, url: said.url, tls: { mode }, shown } };
  const read = readPem(isAbsolute(ca) ? ca : join(folder, ca));
  if ("problem" in read)
    return {
      problem: { key: "tls", found: read.problem, allowed: "a PEM file with the authority's certificate" },
    };
  return { endpoint: { server, url: said.url, tls: { mode, ca: read.pem }, shown } };
}

/**
 * A URL from the command line (`init`), filled in by the file's own rules; ${file:...} is relative to the working
 * folder. Its password is told to the redactor first. Faults: usage, not-built-yet, secrets-readable.
 */
export function endpointFromFlag(side: UrlSide, given: string, env: Env, redactor: Redactor): Endpoint {
  let url: string;
  try {
    const filled = fill(given, { env, readSecret: (path) => readSecret(resolve(path), path) });
    for (const secret of filled.secrets) redactor.add(secret);
    url = filled.text;
  } catch (error) {
    if (!(error instanceof FillProblem)) throw error;
    const code = error.code === "secrets-readable" ? error.code : "usage";
    throw new Fault(code, `--${side}: ${error.message}`);
  }
  const result = parseUrl(url, side);
  if ("problem" in result) {
    const { kind, found, allowed } = result.problem;
    throw new Fault(kind === "not-built-yet" ? kind : "usage", `--${side} is ${found}. Allowed: ${allowed}.`);
  }
  const made = endpointOf(side, { url }, ".");
  if ("problem" in made)
    throw new Fault("usage", `--${side} is ${made.problem.found}. Allowed: ${made.problem.allowed}.`);
  knowServer(redactor, made.endpoint.server);
  return made.endpoint;
}

/** One host and port cannot be two servers: then one of the URLs is a copy of the other. Fault `same-server`. */
export function demandTwoServers(source: Server, target: Server): void {
  const place = (server: Server): string =>
    `${isLoopback(server.host) ? "localhost" : server.host.toLowerCase()}:${String(server.port)}`;
  if (place(source) !== place(target)) return;
  throw new Fault(
    "same-server",
    `source and target are both at ${place(source)}, which can be one of the two only.`,
  );
}

/** The password is a secret, the names are not: they stand in every sentence about the server. */
export function knowServer(redactor: Redactor, server: Server): void {
  redactor.add(server.password);
  for (const name of [server.user, server.host, server.database]) redactor.allow(name);
}
