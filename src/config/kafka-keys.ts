/**
 * Keys of the feed over Kafka: brokers, Kafka Connect and the schema registry, and how to log in there. As for the two
 * servers, encryption is on off this machine unless two lines say otherwise; Connect is given the source's password, so
 * that holds for its URL too.
 */
import { z } from "zod";
import { choice, complain, flag, listOf, shaped, text } from "./leaf.js";
import { isLoopback } from "./url.js";

const httpUrl = (): z.ZodString =>
  shaped(
    /^https?:\/\/(?:[^\s/?#@;]+@)?(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@;:[\]]+)(?::\d{1,5})?(?:\/[^\s;?#]*)?$/u,
    "an http:// or https:// URL",
  );

const kafkaTlsSchema = z
  .strictObject({
    mode: choice("verify-full", "off")
      .optional()
      .describe(
        "verify-full checks certificate and host name. off needs insecure: true. Default: verify-full, and off where all brokers are on loopback.",
      ),
    ca: text("the path of a PEM file")
      .optional()
      .describe("PEM file of the authority, relative to this file; for Connect and the registry as well."),
    insecure: flag().optional().describe("Must be true where mode is off and a broker is not this machine."),
  })
  .describe("Encryption of the connections to the brokers.");

const saslSchema = z
  .strictObject({
    mechanism: choice("plain", "scram-sha-256", "scram-sha-512").describe("As the listener has it."),
    username: text("a user's name").describe("The user who may read the topics."),
    password: text("a password, best as ${NAME} or ${file:PATH}").describe(
      "Best as ${NAME} or ${file:PATH}.",
    ),
  })
  .describe("Who logs in at the brokers; without it nobody does.");

export const kafkaSchema = z
  .strictObject({
    brokers: listOf(
      shaped(/^[^\s,:]+:\d{1,5}$|^\[[0-9a-fA-F:.]+\]:\d{1,5}$/u, "host:port"),
      "a list of host:port",
    )
      .min(1, { error: "at least one broker" })
      .describe("host:port of some brokers; they tell of the others."),
    connect: httpUrl().optional().describe("Kafka Connect, where Headgate registers the Debezium connector."),
    format: choice("json", "avro").default("json").describe("How the generated connector writes events."),
    registry: httpUrl().optional().describe("Schema registry, for avro."),
    prefix: shaped(/^[a-zA-Z0-9._-]+$/u, "letters, digits, dot, _ and -")
      .max(120, { error: "120 letters at most" })
      .describe("Prefix of the topics, topic.prefix of the connector."),
    tls: kafkaTlsSchema.optional(),
    sasl: saslSchema.optional(),
  })
  .superRefine((kafka, context) => {
    if (kafka.format === "avro" && kafka.registry === undefined)
      complain(
        context,
        { found: "avro, and feed.kafka.registry is not set", allowed: "json, or avro with a registry" },
        ["format"],
      );
    if (kafka.tls?.insecure === true) return;
    const far = kafka.brokers.find((broker) => !isLoopback(hostOf(broker)));
    if (kafka.tls?.mode === "off" && far !== undefined)
      complain(
        context,
        {
          found: `off for ${far}, which is not this machine`,
          allowed: "verify-full, or off together with insecure: true",
        },
        ["tls", "mode"],
      );
    for (const key of ["connect", "registry"] as const) {
      const url = kafka[key];
      if (url === undefined || !url.startsWith("http://")) continue;
      const { hostname } = new URL(url);
      if (!isLoopback(hostname.replaceAll(/[[\]]/gu, "")))
        complain(
          context,
          {
            found: `an http:// URL of ${hostname}, which is not this machine`,
            allowed: "an https:// URL, or feed.kafka.tls with insecure: true",
          },
          [key],
        );
    }
  })
  .describe("Brokers and topics, for kind kafka.");

/** The host of `host:port` or `[address]:port`. */
export function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(":")).replaceAll(/[[\]]/gu, "");
}
