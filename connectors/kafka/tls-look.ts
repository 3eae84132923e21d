/**
 * Whether TLS is what a port speaks: asked where a connection without it was ended before an answer, so that a missing `s`
 * is named and not waited for. Nothing but the handshake is sent, and a certificate that nobody vouches for shows TLS too.
 */
import { isIP } from "node:net";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";

/** How Node.js names what is wrong with a certificate or a handshake. */
const tlsCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|^ERR_(?:TLS|SSL)|^EPROTO$/u;
/** What shows another protocol, beside that. */
const noTls = /^(?:EPROTO|ERR_SSL_)/u;

const patienceMs = 5_000;

export function isTlsCode(code: string): boolean {
  return tlsCodes.test(code);
}

export interface Port {
  readonly host: string;
  readonly port: number;
  readonly ca: string | null;
}

/** A connection whose certificate was found good; rejects with Node's own error. */
function dialTls({ host, port, ca }: Port): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port, rejectUnauthorized: true },
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca: [ca] }),
    });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error("no handshake came about")));
    socket.once("error", reject);
    socket.once("secureConnect", () => resolve(socket));
  });
}

export async function speaksTls(port: Port): Promise<boolean> {
  try {
    (await dialTls(port)).destroy();
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return isTlsCode(code) && !noTls.test(code);
  }
}
