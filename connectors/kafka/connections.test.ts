/** Whatever the library forgets of its connections ends with the client, and it hears of it. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import kafkajs from "kafkajs";
import { expect, it } from "vitest";
import { Connections } from "./connections.js";

/** Takes connections, and says nothing. */
async function silentServer(): Promise<
  { readonly port: number; readonly met: Promise<unknown> } & AsyncDisposable
> {
  const server = createServer((socket) => socket.resume().on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    met: once(server, "connection"),
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

it("ends what is open, and what is opened later", async () => {
  await using server = await silentServer();
  const connections = new Connections();
  const open = (): ReturnType<Connections["socketFactory"]> =>
    connections.socketFactory({ host: "127.0.0.1", port: server.port, onConnect: () => undefined });
  const [connected, connecting] = [open(), open()];
  await once(connected, "connect");
  const told = [connected, connecting].map(async (socket) => once(socket, "error"));
  connections.end();
  const late = open();
  for (const [error] of await Promise.all([...told, once(late, "error")]))
    expect(error).toMatchObject({ message: "The client is closed." });
  expect([connected, connecting, late].map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
});

it("lets a client that waits for a broker's answer go", async () => {
  await using server = await silentServer();
  const connections = new Connections();
  const admin = new kafkajs.Kafka({
    brokers: [`127.0.0.1:${String(server.port)}`],
    requestTimeout: 600_000,
    connectionTimeout: 600_000,
    retry: { retries: 0 },
    logLevel: kafkajs.logLevel.NOTHING,
    socketFactory: connections.socketFactory,
  }).admin();
  const connected = admin.connect();
  await server.met;
  connections.end();
  await expect(connected).rejects.toMatchObject({ name: "KafkaJSNumberOfRetriesExceeded" });
});
