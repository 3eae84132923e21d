/**
 * The connections that kafkajs opens for one client. The library forgets one that it was opening when it was told to
 * disconnect (a broker that died and came back meanwhile): it stays open until the broker ends it, ten minutes later, and the
 * process stays with it. So whoever closes a client ends what the library has left of it.
 */
import { connect, isIP, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ISocketFactoryArgs } from "kafkajs";

const keepAliveMs = 60_000;

/** Without TLS there is no `ssl`, whatever the library's type says. */
type Wanted = Omit<ISocketFactoryArgs, "ssl"> & {
  readonly ssl?: ISocketFactoryArgs["ssl"] | false | null;
};

export class Connections {
  readonly #open = new Set<Socket>();
  #ended = false;

  /** For the client's configuration: as the library's own, but remembered. */
  readonly socketFactory = ({ host, port, ssl, onConnect }: Wanted): Socket => {
    if (this.#ended) return refused();
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = ssl
      ? connectTls({ host, port, ...name, ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, keepAliveMs);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return socket;
  };

  /** Ends all that are open, and whatever is opened from now on. */
  end(): void {
    this.#ended = true;
    // With an error: of any other end of a connection that is not made yet the library hears nothing, and waits.
    for (const socket of this.#open) socket.destroy(over());
  }
}

function refused(): Socket {
  const socket = new Socket();
  process.nextTick(() => socket.destroy(over()));
  return socket;
}

function over(): Error {
  return new Error("The client is closed.");
}
