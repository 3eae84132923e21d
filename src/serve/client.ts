/**
 * Talks to the engine that runs on this machine, through its socket. Fault no-engine when none answers: nothing
 * listens there, or it is stopped in mid-air and has not said a word for ten seconds. What the engine refuses comes
 * back as the Fault that it was there.
 */
import { request } from "node:http";
import { z } from "zod";
import { Fault, codes } from "../errors.js";
import type { FaultCode } from "../errors.js";
import type { JobKind } from "./jobs.js";
import { codeOf, socketPath } from "./socket.js";

const patienceMs = 10_000;

/** What the verbs read of a status; the rest is passed on as it comes. */
const statusSchema = z.looseObject({
  migration: z.string(),
  pid: z.int(),
  state: z.string(),
  epoch: z.string(),
  held: z.enum(["no", "pausing", "paused"]),
  throttled: z.string().nullable(),
  lagSeconds: z.number().nullable(),
  retentionSeconds: z.number().nullable(),
  blocking: z.array(z.string()),
  /** An older build's engine has none. */
  atFence: z.array(z.string()).optional(),
  verifying: z.record(z.string(), z.unknown()).optional(),
  feed: z.record(z.string(), z.number()).optional(),
  triggers: z.array(z.object({ trigger: z.string(), state: z.string(), sentence: z.string() })).optional(),
  /** Why a lane stands, in a sentence. */
  lanes: z.array(z.object({ lane: z.string(), stopped: z.string().nullable() })).optional(),
  /** Only of those who asked how it goes. */
  sourcePosition: z.looseObject({ kind: z.string() }).nullable().optional(),
});

export type TellStatus = z.output<typeof statusSchema>;

const changeSchema = z.strictObject({
  key: z.string(),
  was: z.number().nullable(),
  now: z.number().nullable(),
});

const errorSchema = z.looseObject({
  error: z.looseObject({ code: z.string(), sentence: z.string(), next: z.string() }),
});

const facts = z.record(z.string(), z.unknown());

const jobSchema = z.looseObject({
  id: z.string(),
  state: z.enum(["running", "done", "failed"]),
  progress: facts,
  result: facts.nullable(),
  error: z.object({ code: z.string(), sentence: z.string(), next: z.string() }).nullable(),
});

export type TellJob = z.output<typeof jobSchema>;

export interface EngineClient {
  status(): Promise<TellStatus>;
  pause(): Promise<TellStatus>;
  resume(): Promise<TellStatus>;
  set(text: string): Promise<z.output<typeof changeSchema>>;
  skip(event: string, reason: string, who: string): Promise<TellStatus>;
  /** Begins long work; what becomes of it is asked by its id. */
  start(kind: JobKind, ask: unknown): Promise<TellJob>;
  job(id: string): Promise<TellJob>;
  stop(id: string): Promise<TellJob>;
}

/** `directory`: `.headgate/<migration>`. Nothing is sent before a call. */
export function engineClient(directory: string): EngineClient {
  const ask = async <T>(schema: z.ZodType<T>, path: string, body?: unknown): Promise<T> => {
    const answer = await send(directory, path, body);
    const parsed = schema.safeParse(answer.body);
    if (answer.status === 200 && parsed.success) return parsed.data;
    const error = errorSchema.safeParse(answer.body).data?.error;
    if (error === undefined)
      throw new Fault("bug", `The engine answered ${path} with ${String(answer.status)}.`);
    throw faultOf(error);
  };
  return {
    status: () => ask(statusSchema, "/status"),
    pause: () => ask(statusSchema, "/pause", {}),
    resume: () => ask(statusSchema, "/resume", {}),
    set: (text) => ask(changeSchema, "/set", { set: text }),
    skip: (event, reason, who) => ask(statusSchema, "/skip", { event, reason, who }),
    start: (kind, what) => ask(jobSchema, `/jobs/${kind}`, what),
    job: (id) => ask(jobSchema, `/jobs/${id}`),
    stop: (id) => ask(jobSchema, `/jobs/${id}/stop`, {}),
  };
}

/** The Fault that it was in the engine. */
export function faultOf(error: {
  readonly code: string;
  readonly sentence: string;
  readonly next: string;
}): Fault {
  return new Fault(isCode(error.code) ? error.code : "bug", error.sentence, { next: error.next });
}

function isCode(code: string): code is FaultCode {
  return Object.hasOwn(codes, code);
}

/** One request: a GET without a body, a POST with one. */
function send(directory: string, path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const socket = socketPath(directory);
  return new Promise((answered, failed) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const sent = request(
      {
        socketPath: socket,
        // A connection for each: one that is kept would go on with an engine that another has replaced.
        agent: false,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: {
          Host: "localhost",
          ...(body === undefined
            ? {}
            : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
        },
        timeout: patienceMs,
      },
      (response) => {
        let all = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (all += part));
        response.on("error", (error) => failed(lost(error)));
        response.on("end", () => {
          try {
            answered({ status: response.statusCode ?? 0, body: JSON.parse(all) as unknown });
          } catch (error) {
            failed(new Fault("bug", "The engine's answer is no JSON.", { cause: error }));
          }
        });
      },
    );
    sent.on("timeout", () => {
      sent.destroy(
        new Fault("no-engine", "The engine's socket is open, and it has not answered for ten seconds.", {
          next: "headgate status",
        }),
      );
    });
    sent.on("error", (error) => failed(error instanceof Fault ? error : lost(error)));
    sent.end(text);
  });
}

/** Nobody there, or a socket that may not be opened. */
function lost(error: Error): Fault {
  const code = codeOf(error);
  if (code === "EACCES" || code === "EPERM")
    return new Fault("file-refused", "The engine's socket belongs to another account.", {
      next: "Run the verb as the account that runs the engine.",
      cause: error,
    });
  const sentence =
    code === "ENOENT" || code === "ECONNREFUSED"
      ? "No engine of this migration runs on this machine."
      : `The engine ended while it was asked (${code}).`;
  return new Fault("no-engine", sentence, { cause: error });
}
