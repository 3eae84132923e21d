/**
 * One request to Kafka Connect or to a schema registry, and its whole answer. Node's own client and not fetch: a
 * certificate authority can be given to it, and a URL may hold the name and password to log in with, which no sentence
 * here repeats.
 */
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { Fault } from "../../src/errors.js";
import { stopReason } from "../../src/stop.js";
import { isTlsCode, speaksTls } from "./tls-look.js";

export interface HttpServer {
  /** http:// or https://, perhaps with user:password@, and a path that all requests share. */
  readonly url: string;
  /** For people: "Kafka Connect", "the schema registry". */
  readonly name: string;
  /** PEM; the system's own roots without it. */
  readonly ca?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Longest that a server may be silent. */
const patience = 30_000;
/** A connector's status with its traces, a schema: both far smaller. */
const mostBytes = 16 * 1024 * 1024;

/** Answers of any status but 401 and 403. Faults: server-unreachable, connection-lost (both retriable), login-refused, tls-refused. */
export async function ask(
  server: HttpServer,
  method: "GET" | "PUT" | "POST" | "DELETE",
  path: string,
  signal: AbortSignal,
  body?: unknown,
): Promise<HttpAnswer> {
  const answer = await exchange(server, method, path, signal, body).catch(async (error: unknown) => {
    throw (await spokenInClear(server, error, signal)) ?? error;
  });
  if (answer.status === 401 || answer.status === 403)
    throw new Fault("login-refused", `${placeOf(server)} refuses the login (HTTP ${answer.status}).`, {
      next: "Check user and password in the URL.",
    });
  return answer;
}

/** "Kafka Connect at http://host:8083", without a password. */
export function placeOf({ name, url }: HttpServer): string {
  return `${name} at ${new URL(url).origin}`;
}

function exchange(
  server: HttpServer,
  method: string,
  path: string,
  signal: AbortSignal,
  body: unknown,
): Promise<HttpAnswer> {
  const base = new URL(server.url);
  const { host, port } = portOf(base);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const options = {
    method,
    ...{ host, port, rejectUnauthorized: true },
    path: `${base.pathname.replace(/\/$/u, "")}${path}`,
    headers: {
      accept: "application/json",
      ...(payload === undefined ? {} : { "content-type": "application/json" }),
      ...(base.username === "" ? {} : { authorization: basic(base) }),
    },
    timeout: patience,
    signal,
    ...(server.ca === undefined ? {} : { ca: server.ca }),
  };
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void =>
      reject(signal.aborted ? stopReason(signal) : faultOf(error, server));
    const request = (base.protocol === "https:" ? tlsRequest : plainRequest)(options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostBytes) response.destroy(new Error("its answer has no end"));
        else chunks.push(chunk);
      });
      response.on("error", failed);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${patience / 1000} s`)));
    request.on("error", failed);
    request.end(payload);
  });
}

function portOf({ hostname, port, protocol }: URL): { readonly host: string; readonly port: number } {
  const usual = protocol === "https:" ? 443 : 80;
  return { host: hostname.replace(/^\[(.*)\]$/u, "$1"), port: port === "" ? usual : Number(port) };
}

/** The fault of an http:// URL whose port speaks TLS, which is for a person and not to be waited for; null where it does not. */
async function spokenInClear(server: HttpServer, error: unknown, signal: AbortSignal): Promise<Fault | null> {
  const base = new URL(server.url);
  if (base.protocol !== "http:" || signal.aborted) return null;
  if (!(error instanceof Fault) || error.code !== "connection-lost") return null;
  if (!(await speaksTls({ ...portOf(base), ca: server.ca ?? null }))) return null;
  return new Fault("tls-refused", `${placeOf(server)} speaks TLS, and its URL begins with http://.`, {
    next: "Write https:// in its URL.",
    cause: error,
  });
}

function basic({ username, password }: URL): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login, "utf8").toString("base64")}`;
}

function faultOf(error: unknown, server: HttpServer): Fault {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = error instanceof Error ? error.message : String(error);
  if (isTlsCode(code))
    return new Fault("tls-refused", `TLS to ${placeOf(server)} failed: ${code}.`, {
      next: "Check feed.kafka.tls.ca and the server's certificate, and name the server as that does.",
      cause: error,
    });
  if (/^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/u.test(code))
    return new Fault("server-unreachable", `${placeOf(server)} is out of reach (${code}).`, { cause: error });
  const why = code === "" ? text : code;
  return new Fault("connection-lost", `${placeOf(server)} gave no whole answer: ${why}.`, { cause: error });
}
