/** The feed over Kafka as its connector is given it: encryption settled, the authority read, its passwords known as secrets. */
import { isAbsolute, join } from "node:path";
import type { KafkaEndpoint } from "../port.js";
import { hostOf } from "./kafka-keys.js";
import type { Redactor } from "./redact.js";
import type { Config } from "./schema.js";
import { readPem } from "./secret-file.js";
import { isLoopback } from "./url.js";

type KafkaResult =
  | { readonly endpoint: KafkaEndpoint }
  | { readonly problem: { readonly found: string; readonly allowed: string } };

/** `tls.ca` is relative to `folder`; a problem is always with that file. */
export function kafkaEndpoint(said: NonNullable<Config["feed"]["kafka"]>, folder: string): KafkaResult {
  const loopback = said.brokers.every((broker) => isLoopback(hostOf(broker)));
  const encrypted = (said.tls?.mode ?? (loopback ? "off" : "verify-full")) === "verify-full";
  const file = said.tls?.ca;
  let ca: string | null = null;
  if (file !== undefined) {
    const read = readPem(isAbsolute(file) ? file : join(folder, file));
    if ("problem" in read)
      return {
        problem: { found: read.problem, allowed: "a PEM file with the authority's certificate" },
      };
    ca = read.pem;
  }
  return {
    endpoint: {
      brokers: said.brokers,
      encrypted,
      ca,
      sasl: said.sasl ?? null,
      connect: said.connect ?? null,
      registry: said.registry ?? null,
      format: said.format,
      prefix: said.prefix,
    },
  };
}

/** Whatever logs in somewhere is a secret. */
export function knowKafka(redactor: Redactor, { sasl, connect, registry }: KafkaEndpoint): void {
  if (sasl !== null) {
    redactor.add(sasl.password);
    redactor.allow(sasl.username);
  }
  for (const url of [connect, registry]) {
    const { password = "" } = url === null ? {} : new URL(url);
    redactor.add(password);
    redactor.add(decodeURIComponent(password));
  }
}
