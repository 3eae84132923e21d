/**
 * Lets mysql2 do what it does well, TCP, TLS, handshake and authentication, and then takes the socket from it: rows
 * in bulk are not to become objects. On a plain socket Node writes into our own buffer (`onread`); under TLS that
 * place does not exist, and bytes come as 'data' events. Flags that change the form of what we send are taken
 * out: with CLIENT_QUERY_ATTRIBUTES every statement of ours would be malformed.
 */
import { Socket } from "node:net";
import { createConnection } from "mysql2";
import type { Connection as DriverConnection } from "mysql2";
import { Fault } from "../../../src/errors.js";
import type { MysqlOptions } from "../connection.js";
import { dial } from "../dial.js";
import { sourceFault } from "../server-error.js";

/** Who owns the bytes after the handshake. */
export interface Receiver {
  /** The place for the next read of a plain socket. */
  space(): Buffer;
  /** So many bytes landed there. */
  landed(count: number): void;
  /** Bytes of a socket that brings its own buffers. */
  copied(bytes: Uint8Array): void;
  /** The connection ended; called once or more, the first cause counts. */
  lost(cause: Error): void;
}

/** A connection after log-in, its bytes going to the receiver. */
export interface Link {
  readonly socket: Socket;
  /** CONNECTION_ID() in decimal. */
  readonly id: string;
  /** True when results end with an OK packet instead of an EOF packet. */
  readonly deprecateEof: boolean;
}

/** Connects and logs in. Faults: server-unreachable, tls-refused, login-refused, database-missing. */
export async function openLink(options: MysqlOptions, receiver: Receiver): Promise<Link> {
  let taken = false;
  const plain = options.tls.mode === "off";
  const onread = {
    buffer: () => receiver.space(),
    callback: (count: number, bytes: Uint8Array) => {
      if (taken) receiver.landed(count);
      // The driver keeps slices of what it is given, and this place is used again.
      else dialled?.emit("data", Buffer.from(bytes.subarray(0, count)));
      return true;
    },
  };
  let dialled: Socket | undefined;
  const driver = createConnection({
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password,
    database: options.database,
    charset: "UTF8MB4_GENERAL_CI",
    connectTimeout: 10_000,
    // Nor is room for them: 0.5 MB for the 16,000 of mysql2's own.
    maxPreparedStatements: 1,
    stream: () => (dialled = plain ? dial(options, onread) : dial(options)),
    flags: ["-CLIENT_QUERY_ATTRIBUTES", "-LOCAL_FILES", "-SESSION_TRACK"],
    ...(options.tls.mode === "off"
      ? {}
      : {
          ssl: {
            rejectUnauthorized: true,
            verifyIdentity: true,
            minVersion: "TLSv1.2",
            ...(options.tls.ca === undefined ? {} : { ca: options.tls.ca }),
          },
        }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      driver.on("error", reject);
      driver.connect((error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } catch (error) {
    driver.destroy();
    throw sourceFault(error, `${options.host}:${options.port}`, "Connecting");
  }
  const socket = streamOf(driver);
  taken = true;
  driver.on("error", (error: Error) => receiver.lost(error));
  if (!plain) {
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Uint8Array) => receiver.copied(bytes));
  }
  socket.on("error", (error) => receiver.lost(error));
  socket.on("close", () => receiver.lost(new Error("Connection lost: the server closed it")));
  return { socket, id: String(driver.threadId), deprecateEof: false };
}

/** mysql2 does not declare its stream; under TLS it is another one than the socket that we made. */
function streamOf(driver: DriverConnection): Socket {
  const stream: unknown = Reflect.get(driver, "stream");
  if (stream instanceof Socket) return stream;
  throw new Fault("bug", "mysql2 handed over no socket.");
}
