/** The REST client against a server that answers as a worker does, well and badly. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openConnect } from "./connect.js";
import type { Connect } from "./connect.js";

interface Asked {
  readonly line: string;
  readonly login: string | undefined;
  readonly body: string;
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A worker that gives these answers one after the other, the last one for ever. */
async function worker(
  ...answers: readonly (readonly [status: number, body: unknown])[]
): Promise<{ readonly connect: Connect; readonly asked: Asked[]; readonly stop: AbortController }> {
  const asked: Asked[] = [];
  const left = [...answers];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      asked.push({ line, login: request.headers.authorization, body: Buffer.concat(parts).toString("utf8") });
      const [status, body] = (left.length > 1 ? left.shift() : left[0]) ?? [500, ""];
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const url = `http://me:p%40ss@127.0.0.1:${port}/base/`;
  return { connect: openConnect({ server: { url }, signal: stop.signal }), asked, stop };
}

describe("Kafka Connect's REST API", () => {
  it("is asked under the URL's path, with the URL's login, by a name that is encoded", async () => {
    const { connect, asked } = await worker([200, { "connector.class": "X", "tasks.max": 1 }]);
    expect(await connect.config("a/b c")).toEqual({ "connector.class": "X", "tasks.max": "1" });
    expect(asked[0]).toMatchObject({
      line: "GET /base/connectors/a%2Fb%20c/config",
      login: `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
    });
    expect(connect.place).not.toContain("p@ss");
  });

  it("is asked again while its group is being rearranged", async () => {
    const { connect, asked } = await worker(
      [409, { error_code: 409, message: "Cannot complete request momentarily due to stale configuration" }],
      [201, {}],
    );
    await connect.put("shop", { "connector.class": "X" });
    expect(asked.map(({ line }) => line)).toEqual([1, 2].map(() => "PUT /base/connectors/shop/config"));
    expect(JSON.parse(asked[1]!.body)).toEqual({ "connector.class": "X" });
  });

  it("is not asked again once somebody has stopped", async () => {
    const { connect, stop, asked } = await worker([409, { message: "rebalance" }]);
    const put = connect.put("shop", {});
    await vi.waitFor(() => {
      expect(asked).not.toHaveLength(0);
    });
    stop.abort();
    await expect(put).rejects.toMatchObject({ code: "interrupted" });
  });

  it("knows no connector where it says 404, and tells what it refuses", async () => {
    const { connect } = await worker([404, { error_code: 404, message: "no status found" }]);
    expect([await connect.config("x"), await connect.status("x"), await connect.offsets("x")]).toEqual([
      null,
      null,
      null,
    ]);
    await connect.remove("x");
    await expect(connect.restart("x")).rejects.toMatchObject({ code: "connector-failed", exit: 6 });
  });

  it.each([
    [401, { message: "who?" }, "login-refused", /refuses the login \(HTTP 401\)/],
    [
      400,
      { message: "Connector configuration is invalid\n and more" },
      "connector-failed",
      /invalid and more$/,
    ],
    [200, "<html>", "connector-failed", /no JSON/],
  ] as const)("ends with a code at %s", async (status, body, code, sentence) => {
    const { connect } = await worker([status, body]);
    const error: unknown = await connect.config("x").catch((found: unknown) => found);
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) as string });
    expect(String(error)).not.toContain("p@ss");
  });

  it("is out of reach, which passes, where nobody listens: whether to wait is the caller's to say", async () => {
    const { connect } = await worker([200, {}]);
    await new Promise((closed) => server?.close(closed));
    await expect(connect.names()).rejects.toMatchObject({ code: "server-unreachable", retriable: true });
  });

  it("says setting by setting what it has against a configuration, and that it lacks a plugin", async () => {
    const errors = ["must be one of"];
    const answer = { configs: [{ value: { name: "a", errors: [] } }, { value: { name: "b", errors } }] };
    const { connect } = await worker(
      [200, answer],
      [
        500,
        { message: "BadRequestException: Failed to find any class that implements Connector and which name" },
      ],
    );
    expect(await connect.validate({ "connector.class": "X" })).toEqual([
      { setting: "b", why: "must be one of" },
    ]);
    expect(await connect.validate({ "connector.class": "Y" })).toMatchObject([
      { setting: "connector.class" },
    ]);
  });
});
