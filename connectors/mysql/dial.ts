/**
 * The TCP connection under a MySQL session, made by us and handed to mysql2. Under TLS the certificate must be one
 * for the host that was asked for: mysql2 names no host to Node when it is an address, and Node then checks the
 * certificate against "localhost", so that one for localhost would pass for every address and the right one fail.
 */
import { connect } from "node:net";
import type { OnReadOpts, Socket } from "node:net";

/** Dials. With `onread` a plain socket's bytes land in the caller's own buffer. */
export function dial(to: { readonly host: string; readonly port: number }, onread?: OnReadOpts): Socket {
  const { host, port } = to;
  const socket = connect(onread === undefined ? { host, port } : { host, port, onread });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  // What Node itself keeps there for a host that had to be looked up, and compares a certificate with. A test with
  // certificates for names and addresses holds it.
  Reflect.set(socket, "_host", host);
  return socket;
}
