/**
 * What an engine answers, the same over its socket and its loopback port: what it is doing, its figures, and the acts
 * that steer it. Every answer is JSON but the metrics; a Fault becomes its code, sentence and next step. Acts are
 * idempotent and answer with how the engine then stands.
 */
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { Fault } from "../errors.js";
import { isReady } from "../watch/engine-status.js";
import { statusBody } from "../watch/status-body.js";
import { metricsType } from "../watch/metrics.js";
import type { Metrics } from "../watch/metrics.js";
import type { Told } from "./acts.js";
import { jobKinds } from "./jobs.js";
import { demandLog } from "./pausable.js";

/** Longest request: an event's id and a reason. */
const longest = 16_384;

const jobKind = z.enum(jobKinds);
const setBody = z.strictObject({ set: z.string().max(200) });
/** An event's id holds a table's name, percent-encoded. */
const skipBody = z.strictObject({
  event: z.string().min(1).max(1000),
  reason: z.string().min(1).max(2000),
  who: z.string().min(1).max(200).default("the engine's port"),
});

export function controlApp(told: Told, metrics: Metrics, guards: readonly MiddlewareHandler[]): Hono {
  const { status, acts, jobs } = told;
  const app = new Hono();
  const send = (context: Context, body: unknown, code: 200 | 400 | 404 | 413 | 500 | 503 = 200): Response =>
    context.body(`${told.scrub(JSON.stringify(body))}\n`, code, { "Content-Type": "application/json" });
  const now = (context: Context): Response => send(context, statusBody(status(), acts.settings()));
  for (const one of guards) app.use(one);
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
    context.header("X-Content-Type-Options", "nosniff");
  });
  app.use(
    bodyLimit({
      maxSize: longest,
      onError: (context) => send(context, refused(`A request has ${String(longest)} bytes at most.`), 413),
    }),
  );

  app.get("/healthz", (context) => send(context, { ok: true }));
  app.get("/readyz", (context) => {
    const facts = status();
    const { state, blocking, held } = facts;
    const ready = isReady(facts);
    return send(context, { ready, state, blocking, held }, ready ? 200 : 503);
  });
  app.get("/status", async (context) => {
    const sourcePosition = await told.sourcePosition();
    return send(context, { ...statusBody(status(), acts.settings()), sourcePosition });
  });
  app.get("/metrics", async (context) =>
    context.body(await metrics.text(status()), 200, { "Content-Type": metricsType }),
  );
  app.post("/pause", (context) => {
    const { held, retentionSeconds } = status();
    if (held === "no") {
      // Here, where everybody comes: the verb, the socket's own users and the port's.
      demandLog(retentionSeconds);
      told.onWord("pause", {});
    }
    acts.pause();
    return now(context);
  });
  app.post("/resume", (context) => {
    if (status().held !== "no") told.onWord("resume", {});
    acts.resume();
    return now(context);
  });
  app.post("/set", async (context) => {
    const { set } = setBody.parse(await jsonOf(context));
    const change = told.readChange(set);
    const was = acts.settings()[change.name];
    acts.set(change);
    told.onWord("set", { key: change.key, was: was ?? "none", now: change.value ?? "none" });
    return send(context, { key: change.key, was, now: acts.settings()[change.name] });
  });
  app.post("/skip", async (context) => {
    const { event, reason, who } = skipBody.parse(await jsonOf(context));
    await acts.skip(event, reason, who);
    told.onWord("skip", { event, reason, who });
    return now(context);
  });
  app.post("/jobs/:kind", async (context) => {
    const kind = jobKind.parse(context.req.param("kind"));
    const job = jobs.start(kind, await jsonOf(context));
    told.onWord(kind, { job: job.id });
    return send(context, job);
  });
  app.get("/jobs/:id", (context) => send(context, jobs.state(context.req.param("id"))));
  app.post("/jobs/:id/stop", (context) => {
    told.onWord("stop", { job: context.req.param("id") });
    return send(context, jobs.stop(context.req.param("id")));
  });
  app.notFound((context) => send(context, refused("There is nothing at this address."), 404));
  app.onError((error, context) => {
    if (error instanceof z.ZodError)
      return send(context, refused("The request's body is not as it should be."), 400);
    if (!(error instanceof Fault)) {
      told.onWord("a request failed", { error: error.message });
      return send(
        context,
        { error: { code: "bug", sentence: error.message, next: "", retriable: false } },
        500,
      );
    }
    const { code, message: sentence, next, retriable } = error;
    return send(context, { error: { code, sentence, next, retriable } }, code === "usage" ? 400 : 500);
  });
  return app;
}

/** JSON that says that it is JSON: a form of a web page cannot. */
async function jsonOf(context: Context): Promise<unknown> {
  if (!/^application\/json(?:;|$)/iu.test(context.req.header("content-type") ?? ""))
    throw new Fault("usage", "The request's content type is not application/json.");
  try {
    return (await context.req.json()) as unknown;
  } catch (error) {
    throw new Fault("usage", "The request's body is no JSON.", { cause: error });
  }
}

function refused(sentence: string): Readonly<Record<string, unknown>> {
  return { error: { code: "usage", sentence, next: "", retriable: false } };
}
