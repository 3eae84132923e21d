/**
 * Kafka Connect and the schema registry over https: the certificate is checked against the authority that headgate.yaml
 * names, the login of the URL is sent where that holds and nowhere else, and whatever does not fit is refused by name.
 */
import { createServer as createPlain } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { HttpServer } from "../../connectors/kafka/http.js";
import { schemaFetcher } from "../../connectors/kafka/registry.js";
import { Fault } from "../../src/errors.js";
import { authority, noAuthority } from "./authority.js";
import type { Authority } from "./authority.js";

const missing = noAuthority();
const password = "rest-Pw-12345";
const wrong = "wrong-Pw-12345";
const login = `me:${password}`;
const servers: Server[] = [];
/** By the names that their certificates have; `plain` has none. */
const ports = new Map<string, number>();
/** The logins that came. */
const heard: string[] = [];
let own: Authority;

beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
  heard.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const said = request.headers.authorization ?? "";
  heard.push(said);
  if (said !== `Basic ${Buffer.from(login).toString("base64")}`) response.writeHead(401).end();
  else
    response.end(JSON.stringify(request.url?.includes("/schemas/") === true ? { schema: '"long"' } : ["c"]));
}

beforeAll(async () => {
  if (missing !== null) return;
  own = authority();
  const stranger = authority();
  const secured = (by: Authority, names: string, days?: number): Server => {
    const { key, certificate } = by.issue(names, days);
    return createServer({ key, cert: certificate }, answer);
  };
  const all: readonly (readonly [string, Server])[] = [
    ["good", secured(own, "DNS:localhost")],
    ["stranger's", secured(stranger, "DNS:localhost")],
    ["expired", secured(own, "DNS:localhost", -1)],
    ["plain", createPlain(answer)],
  ];
  stranger[Symbol.dispose]();
  for (const [name, server] of all) {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    ports.set(name, typeof address === "object" && address !== null ? address.port : 0);
  }
});
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  if (missing === null) own[Symbol.dispose]();
});

/** What Connect, and what the registry, says to one question; or its fault. */
async function asked(server: Omit<HttpServer, "name">): Promise<readonly unknown[]> {
  const signal = AbortSignal.timeout(20_000);
  const acts = [
    () => openConnect({ server, signal }).names(),
    () => schemaFetcher({ ...server, name: "the schema registry" }, signal)(1),
  ];
  const said: unknown[] = [];
  for (const act of acts)
    try {
      said.push(await act());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const words = `${error.message} ${error.next} ${JSON.stringify(error.facts)}`;
      for (const secret of [password, wrong]) expect(words).not.toContain(secret);
      said.push({ code: error.code, retriable: error.retriable, words });
    }
  return said;
}

interface Trial {
  readonly server?: "good" | "stranger's" | "expired" | "plain";
  readonly host?: string;
  readonly scheme?: "http" | "https";
  readonly password?: string;
  readonly anyCa?: true;
}

function urlOf({ server = "good", host = "localhost", scheme = "https", ...one }: Trial): string {
  return `${scheme}://me:${one.password ?? password}@${host}:${String(ports.get(server))}`;
}

describe("Connect and the registry over https", () => {
  it("are asked with the login of the URL", async () => {
    expect(await asked({ url: urlOf({}), ca: own.ca })).toEqual([["c"], '"long"']);
  });

  it.each<[string, Trial, string, RegExp]>([
    ["an authority that is not known", { anyCa: true }, "tls-refused", /UNABLE_TO_VERIFY.*tls\.ca/u],
    ["the certificate of another authority", { server: "stranger's" }, "tls-refused", /tls\.ca/u],
    ["a host name that is not the certificate's", { host: "127.0.0.1" }, "tls-refused", /ALTNAME_INVALID/u],
    ["a certificate that has run out", { server: "expired" }, "tls-refused", /CERT_HAS_EXPIRED/u],
    ["http:// where it speaks TLS", { scheme: "http" }, "tls-refused", /begins with http:\/\/.*Write https/u],
    ["https:// where it does not", { server: "plain" }, "tls-refused", /TLS to/u],
  ])("refuse %s by name, and hear no login", async (_, trial, code, words) => {
    // It would switch off what is shown here.
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const fault = { code, retriable: false, words: expect.stringMatching(words) as string };
    const server = { url: urlOf(trial), ...(trial.anyCa === true ? {} : { ca: own.ca }) };
    expect(await asked(server)).toEqual([fault, fault]);
    expect(heard).toEqual([]);
  });

  it("refuse a wrong password by name", async () => {
    const fault = {
      code: "login-refused",
      retriable: false,
      words: expect.stringMatching(/refuses the login \(HTTP 401\)/u) as string,
    };
    expect(await asked({ url: urlOf({ password: wrong }), ca: own.ca })).toEqual([fault, fault]);
  });
});
