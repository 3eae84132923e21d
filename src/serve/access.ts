/**
 * Who may talk to the loopback port. Everybody on the machine can reach it, and so can a web page in somebody's
 * browser; so the Host must be the port's own (a name that was rebound to 127.0.0.1 is not), an Origin is refused,
 * and whatever tells more than figures or steers takes the token, as a bearer and nothing else. No CORS header is
 * ever sent. Health, readiness and figures need no token: probes and Prometheus have none.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { Fault } from "../errors.js";
import { isLoopback } from "../config/url.js";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:9187`. Fault usage: this port steers an engine, and stays on its machine. */
export function readListen(text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/iu.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  if (host === "" || port > 65_535)
    throw refuse(
      `--listen takes an address and a port, such as 127.0.0.1:9187, not ${JSON.stringify(text)}.`,
    );
  if (!isLoopback(host))
    throw refuse(`--listen ${text} is not on this machine alone: only a loopback address is taken.`);
  return { host, port };
}

function refuse(sentence: string): Fault {
  return new Fault("usage", sentence, { next: "headgate run --help" });
}

/** What needs no token. */
const open: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Lets a request through, or answers it. `own` is where the server listens, known once it does. */
export function guard(own: () => Address, token: string): MiddlewareHandler {
  return async (context, next) => {
    const { port } = own();
    const host = context.req.header("host") ?? "";
    if (!hostsOf(port).has(host.toLowerCase()))
      return context.json(
        { error: { code: "host-refused", sentence: "This port goes by 127.0.0.1 or localhost." } },
        403,
      );
    if (context.req.header("origin") !== undefined)
      return context.json(
        { error: { code: "origin-refused", sentence: "Web pages have nothing to ask here." } },
        403,
      );
    if (
      !(context.req.method === "GET" && open.has(context.req.path)) &&
      !bears(context.req.header("authorization"), token)
    ) {
      context.header("WWW-Authenticate", "Bearer");
      return context.json(
        {
          error: {
            code: "token-missing",
            sentence: "The token stands in the file `token` beside the engine's socket.",
          },
        },
        401,
      );
    }
    await next();
    return undefined;
  };
}

function hostsOf(port: number): ReadonlySet<string> {
  return new Set(
    ["127.0.0.1", "localhost", "[::1]"].flatMap((name) => [
      `${name}:${String(port)}`,
      ...(port === 80 ? [name] : []),
    ]),
  );
}

/** Compares digests, which have one length, in constant time. */
function bears(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer ([\x21-\x7e]{1,200})$/u.exec(header ?? "") ?? [];
  if (given === undefined) return false;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
