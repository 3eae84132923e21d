/**
 * What a broker's listener asks for, where it ended a connection without a word: TLS, no TLS, or a login. Kafka itself
 * says none of that to a client that it does not understand, and a client that waits for such a broker waits for ever.
 * Asked by beginning a login and giving it up before anything is said: no password is sent.
 */
import kafkajs from "kafkajs";
import { Fault } from "../../src/errors.js";
import type { KafkaEndpoint } from "../../src/port.js";
import { kafkaErrorTypes } from "./kafka-fault.js";
import { speaksTls } from "./tls-look.js";
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
  return sasl === null ? loginWanted(broker, await loginsAt(broker, false)) : null;
}

async function behindTls(broker: string, { ca }: Port, { sasl }: Asked): Promise<Fault | null> {
  if ((await loginsAt(broker, false)) !== null)
    return new Fault("tls-refused", `The listener at ${broker} does not speak TLS.`, {
      next: "Name the port of the broker's TLS listener in feed.kafka.brokers; or, where the network is trusted, set feed.kafka.tls: { mode: off, insecure: true }.",
    });
  const ssl = { rejectUnauthorized: true, ...(ca === null ? {} : { ca: [ca] }) };
  return sasl === null ? loginWanted(broker, await loginsAt(broker, ssl)) : null;
}

function loginWanted(broker: string, logins: Logins | null): Fault | null {
  if (logins === null || !logins.wanted) return null;
  const ways = logins.ways.length > 0 ? logins.ways.join(", ") : `by none of ${mechanisms.join(", ")}`;
  return new Fault(
    "login-refused",
    `The listener at ${broker} asks for a login (${ways}), and feed.kafka.sasl is not set.`,
    { next: "Set feed.kafka.sasl: mechanism, username and password." },
  );
}

/** Those of feed.kafka.sasl, as Kafka names them. */
const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

interface Logins {
  readonly wanted: boolean;
  readonly ways: readonly string[];
}

/** How one may log in at a broker; null where what answers is no broker in this form, or nothing does. */
async function loginsAt(
  broker: string,
  ssl: Exclude<kafkajs.KafkaConfig["ssl"], undefined>,
): Promise<Logins | null> {
  const ways: string[] = [];
  for (const mechanism of mechanisms) {
    const answer = await begun(broker, ssl, mechanism);
    if (answer === "silent") return null;
    if (answer === "no login") return { wanted: false, ways };
    if (answer === "offered") ways.push(mechanism);
  }
  return { wanted: true, ways };
}

/** Begins a login; what follows the broker's yes is never sent. */
async function begun(
  broker: string,
  ssl: Exclude<kafkajs.KafkaConfig["ssl"], undefined>,
  mechanism: string,
): Promise<"offered" | "not offered" | "no login" | "silent"> {
  const taken: string[] = [];
  const authenticate = async (): Promise<void> => {
    taken.push(mechanism);
    return Promise.reject(new Fault("interrupted", "The broker would take this login."));
  };
  const admin = new kafkajs.Kafka({
    ...{ clientId: "headgate", brokers: [broker], ssl, logLevel: kafkajs.logLevel.NOTHING },
    ...{ connectionTimeout: patienceMs, authenticationTimeout: patienceMs, requestTimeout: patienceMs },
    retry: { retries: 0 },
    sasl: { mechanism, authenticationProvider: () => ({ authenticate }) },
  }).admin();
  try {
    await admin.connect();
    return "silent";
  } catch (error) {
    if (taken.length > 0) return "offered";
    const types = kafkaErrorTypes(error);
    if (types.includes("UNSUPPORTED_SASL_MECHANISM")) return "not offered";
    return types.includes("ILLEGAL_SASL_STATE") ? "no login" : "silent";
  } finally {
    await admin.disconnect();
  }
}
