/**
 * What a running engine lets be asked and told: over the socket `.headgate/<migration>/socket` always, over loopback
 * HTTP where somebody asked for it. Opened after the claim and closed before it is given back, so that whoever finds
 * the socket answering talks to the one engine of the migration.
 */
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { Fault } from "../errors.js";
import { openMetrics } from "../watch/metrics.js";
import type { Address } from "./access.js";
import { guard } from "./access.js";
import type { Told } from "./acts.js";
import { controlApp } from "./app.js";
import { closed, codeOf, listenOnSocket } from "./socket.js";

export interface ControlOptions extends Told {
  /** `.headgate/<migration>`; the engine holds the claim already, so a socket that stands there is of a dead one. */
  readonly directory: string;
  /** `run --listen 127.0.0.1:PORT`; null opens no port. */
  readonly listen: Address | null;
}

/** Resolves when the socket answers, and the port where one is asked for. */
export async function openControl(options: ControlOptions): Promise<AsyncDisposable> {
  const metrics = openMetrics();
  const socket = await listenOnSocket(serverOf(options, metrics, []), options.directory);
  try {
    const port = options.listen === null ? null : await listenOnPort(options, options.listen, metrics);
    return {
      [Symbol.asyncDispose]: async () => {
        await port?.[Symbol.asyncDispose]();
        await socket[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await socket[Symbol.asyncDispose]();
    throw error;
  }
}

/** The loopback port; its token stands in a file beside the socket, readable to the engine's account. */
async function listenOnPort(
  options: ControlOptions,
  address: Address,
  metrics: ReturnType<typeof openMetrics>,
): Promise<AsyncDisposable> {
  const token = randomBytes(32).toString("base64url");
  const file = join(options.directory, "token");
  let own = address;
  const server = serverOf(options, metrics, [guard(() => own, token)]);
  await new Promise<void>((ready, failed) => {
    server.once("error", (error) =>
      failed(
        new Fault("usage", `${address.host}:${String(address.port)} cannot be opened (${codeOf(error)}).`, {
          next: "Pass another port to --listen.",
          cause: error,
        }),
      ),
    );
    server.listen(address.port, address.host, ready);
  });
  const bound = server.address();
  if (typeof bound === "object" && bound !== null) own = { host: address.host, port: bound.port };
  await rm(file, { force: true });
  await writeFile(file, `${token}\n`, { mode: 0o600, flag: "wx" });
  options.onWord("listening", { address: `http://${own.host}:${String(own.port)}`, token: file });
  return {
    [Symbol.asyncDispose]: async () => {
      await closed(server);
      await rm(file, { force: true });
    },
  };
}

function serverOf(
  options: ControlOptions,
  metrics: ReturnType<typeof openMetrics>,
  guards: readonly MiddlewareHandler[],
): Server {
  const app = controlApp(options, metrics, guards);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return server;
}
