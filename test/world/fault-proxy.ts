/**
 * A TCP proxy on loopback for faults that no server produces on demand: answers held back, requests held back, a
 * client cut off while the server still waits. Bytes pass untouched; each direction can be held, and what was held
 * is lost when the client's side is cut.
 */
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Clients that are connected now. */
  readonly clients: number;
  /** Keep the server's answers from the clients. */
  holdAnswers: boolean;
  /** What the server's answers become on their way to the clients. */
  alter: (bytes: Buffer) => Buffer;
  /** Keep the clients' requests from the server. */
  holdRequests: boolean;
  /** Sees what the clients send before it goes on to the server. */
  onRequest: (bytes: Buffer) => void;
  /** Whoever is connected now is answered no more, and not told; whoever comes then is, as behind a firewall that has forgotten. */
  deafen(): void;
  /** Stops reading from the clients, so that what they send backs up to them; nothing is lost. */
  stall(): void;
  flow(): void;
  /** Resets every client; the server's side stays open until `forget`, as behind a dead network. */
  cutClients(): void;
  /** New connections reach another server from here on. */
  leadTo(other: { readonly host: string; readonly port: number }): void;
  /** Closes what `cutClients` left open on the server's side. */
  forget(): void;
}

export async function faultProxy(first: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  let to = first;
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  const deaf = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection(to);
    let alive = true;
    clients.add(client);
    servers.add(upstream);
    client.on("data", (bytes) => {
      proxy.onRequest(bytes);
      if (!proxy.holdRequests) upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (!proxy.holdAnswers && alive && !deaf.has(client)) client.write(proxy.alter(bytes));
    });
    client.on("error", () => client.destroy());
    upstream.on("error", () => upstream.destroy());
    client.on("end", () => upstream.end());
    client.on("close", () => {
      alive = false;
      clients.delete(client);
      deaf.delete(client);
    });
    upstream.on("close", () => {
      servers.delete(upstream);
      if (alive) client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    get clients() {
      return clients.size;
    },
    holdAnswers: false,
    holdRequests: false,
    alter: (bytes) => bytes,
    onRequest: () => undefined,
    deafen: () => {
      for (const client of clients) deaf.add(client);
    },
    stall: () => {
      for (const client of clients) client.pause();
    },
    flow: () => {
      for (const client of clients) client.resume();
    },
    cutClients: () => {
      for (const client of clients) client.resetAndDestroy();
      proxy.holdAnswers = false;
      proxy.holdRequests = false;
    },
    leadTo: (other) => {
      to = other;
    },
    forget: () => {
      for (const upstream of servers) upstream.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of [...clients, ...servers]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
