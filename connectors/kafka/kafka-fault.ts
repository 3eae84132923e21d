/**
 * What kafkajs throws, as Faults: a broker that is away is waited for by the engine, a login or a right that is refused is
 * for a person. The library's own tries are few, so that the engine's word about waiting is the only one.
 */
import { Fault } from "../../src/errors.js";

const refused = new Set(["SASL_AUTHENTICATION_FAILED", "ILLEGAL_SASL_STATE", "UNSUPPORTED_SASL_MECHANISM"]);
const forbidden = new Set([
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
]);

/** `doing`: what was tried, as a sentence's beginning: "Reading the topics". */
export function kafkaFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const known = causes(error);
  const types = known.map(typeOf);
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
  if (types.some((type) => forbidden.has(type)))
    return new Fault("grant-missing", say("Kafka's ACLs do not allow it."), {
      ...options,
      next: "Allow READ and DESCRIBE on the feed's topics and READ on groups that begin with headgate.",
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
    return new Fault(
      "connection-lost",
      say("Kafka is not to be reached, or has ended the connection."),
      options,
    );
  return new Fault("connection-lost", say("the Kafka client failed."), options);
}

function causes(error: unknown): readonly Error[] {
  const all: Error[] = [];
  for (let one: unknown = error; one instanceof Error && all.length < 10; one = one.cause) all.push(one);
  return all;
}

function typeOf(error: Error): string {
  return "type" in error && typeof error.type === "string" ? error.type : "";
}
