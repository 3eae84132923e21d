/**
 * What a broker's listener asks for, where it ended a connection without a word: TLS, no TLS, or a login. Kafka itself
 * says none of that to a client that it does not understand, and a client that waits for such a broker waits for ever.
 * Asked by a request for a mechanism that nobody has; no password is sent.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { Fault } from "../../src/errors.js";
import type { KafkaEndpoint } from "../../src/port.js";
import { dialTls, speaksTls } from "./tls-look.js";
import type { Port } from "./tls-look.js";

type Asked = Pick<KafkaEndpoint, "brokers" | "encrypted" | "ca" | "sasl">;

const patienceMs = 5_000;

/** The fault that says how headgate.yaml and the first such listener differ; null where that does not show. */
export async function listenerFault(endpoint: Asked): Promise<Fault | null> {
  for (const broker of endpoint.brokers) {
    const at = broker.lastIndexOf(":");
    const port = {
      host: broker.slice(0, at).replaceAll(/[[\]]/gu, ""),
      port: Number(broker.slice(at + 1)),
      ca: endpoint.ca,
    };
    const fault = endpoint.encrypted
      ? await behindTls(broker, port, endpoint)
      : await inClear(broker, port, endpoint);
    if (fault !== null) return fault;
  }
  return null;
}

async function inClear(broker: string, port: Port, { sasl }: Asked): Promise<Fault | null> {
  if (await speaksTls(port))
    return new Fault("tls-refused", `The listener at ${broker} speaks TLS, and feed.kafka.tls is off.`, {
      next: "Set feed.kafka.tls: { mode: verify-full, ca: FILE } in headgate.yaml.",
    });
  return sasl === null ? loginWanted(broker, await mechanisms(() => dial(port))) : null;
}

async function behindTls(broker: string, port: Port, { sasl }: Asked): Promise<Fault | null> {
  if ((await mechanisms(() => dial(port))) !== null)
    return new Fault("tls-refused", `The listener at ${broker} does not speak TLS.`, {
      next: "Name the port of the broker's TLS listener in feed.kafka.brokers; or, where the network is trusted, set feed.kafka.tls: { mode: off, insecure: true }.",
    });
  return sasl === null ? loginWanted(broker, await mechanisms(() => dialTls(port))) : null;
}

function loginWanted(broker: string, offered: readonly string[] | null): Fault | null {
  if (offered === null || offered.length === 0) return null;
  return new Fault(
    "login-refused",
    `The listener at ${broker} asks for a login (${offered.join(", ")}), and feed.kafka.sasl is not set.`,
    { next: "Set feed.kafka.sasl: mechanism, username and password." },
  );
}

function dial({ host, port }: Port): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

const mark = 0x68656164;
/** SaslHandshake, version 1, without a client's name, for the mechanism "-". */
const question = Buffer.from([0, 0, 0, 13, 0, 17, 0, 1, 0x68, 0x65, 0x61, 0x64, 0xff, 0xff, 0, 1, 0x2d]);
const unsupportedMechanism = 33;
const illegalState = 34;

/** How one may log in at a broker; none where nobody does; null where what answers is no broker, or nothing does. */
async function mechanisms(open: () => Promise<Socket>): Promise<readonly string[] | null> {
  try {
    const socket = await open();
    try {
      return mechanismsIn(await answer(socket));
    } finally {
      socket.destroy();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // What it would have said is not known.
    return null;
  }
}

function answer(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= 8 && bytes.readUInt32BE(4) !== mark) reject(new Error("no broker"));
      else if (bytes.length >= 8 && bytes.length >= 4 + bytes.readUInt32BE(0)) resolve(bytes);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("ended")));
    socket.write(question);
  });
}

function mechanismsIn(bytes: Buffer): readonly string[] | null {
  const code = bytes.readInt16BE(8);
  if (code === illegalState) return [];
  if (code !== unsupportedMechanism) return null;
  const found: string[] = [];
  let at = 14;
  for (let left = bytes.readInt32BE(10); left > 0; left--) {
    const end = at + 2 + bytes.readInt16BE(at);
    found.push(bytes.toString("utf8", at + 2, end));
    at = end;
  }
  return found;
}
