/**
 * What kafkajs throws, as Faults: a broker that is away is waited for by the engine, a login or a right that is refused is
 * for a person. The library's own tries are few, so that the engine's word about waiting is the only one.
 */
import { Fault } from "../../src/errors.js";
import { isTlsCode } from "./tls-look.js";

const refused = new Set(["SASL_AUTHENTICATION_FAILED", "ILLEGAL_SASL_STATE", "UNSUPPORTED_SASL_MECHANISM"]);
/** By what the brokers say: what to allow, as docs/kafka.md has it. */
export const topicRights =
  "Allow the user of feed.kafka.sasl Read and DescribeConfigs on topics that begin with feed.kafka.prefix.";
export const groupRights = "Allow the user of feed.kafka.sasl Read on groups that begin with headgate.";
const rights: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: topicRights,
  GROUP_AUTHORIZATION_FAILED: groupRights,
};

/** `doing`: what was tried, as a sentence's beginning: "Reading the topics". */
export function kafkaFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const known = causes(error);
  const types = kafkaErrorTypes(error);
  const words = known.at(-1)?.message ?? String(error);
  const say = (sentence: string): string => `${doing}: ${sentence} (${words})`;
  const options = { cause: error };
  if (
    known.some(({ name }) => name === "KafkaJSSASLAuthenticationError") ||
    types.some((type) => refused.has(type))
  )
    return new Fault("login-refused", say("Kafka did not let us in."), {
      ...options,
      next: "Check feed.kafka.sasl: mechanism, username and password.",
    });
  const right = types.flatMap((type) => rights[type] ?? [])[0];
  if (right !== undefined)
    return new Fault("grant-missing", say("Kafka's ACLs do not allow it."), { ...options, next: right });
  if (known.some((one) => "code" in one && isTlsCode(String(one.code))))
    return new Fault("tls-refused", say("no TLS that can be trusted came about with Kafka."), {
      ...options,
      next: "Check feed.kafka.tls.ca, and name the brokers as their certificates do.",
    });
  if (types.includes("UNKNOWN_TOPIC_OR_PARTITION"))
    return new Fault("topic-refused", say("there is no such topic."), options);
  if (known.some(({ name }) => name === "KafkaJSNotImplemented"))
    return new Fault(
      "topic-refused",
      say("the records are packed in a way that is not known here."),
      options,
    );
  if (known.some((one) => one.name.startsWith("KafkaJS") || "code" in one))
    return new Fault("connection-lost", say("Kafka is not to be reached, or has ended the connection."), {
      ...options,
      next: "See that the brokers of feed.kafka.brokers answer from here, then run the same command again; it goes on where it stopped.",
    });
  return new Fault("connection-lost", say("the Kafka client failed."), options);
}

/** Kafka's own names of what went wrong. */
export function kafkaErrorTypes(error: unknown): readonly string[] {
  return causes(error).flatMap((one) => ("type" in one && typeof one.type === "string" ? [one.type] : []));
}

/** Whether a broker ended the connection without a word. */
export function wasEnded(error: unknown): boolean {
  return causes(error).some(
    (one) => one.name === "KafkaJSConnectionClosedError" || ("code" in one && one.code === "ECONNRESET"),
  );
}

function causes(error: unknown): readonly Error[] {
  const all: Error[] = [];
  for (let one: unknown = error; one instanceof Error && all.length < 10; one = one.cause) all.push(one);
  return all;
}
