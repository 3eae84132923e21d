/**
 * Holds docker-compose.yml without Docker: against the compose specification's own JSON schema (the copy that dclint
 * ships), and for what no schema knows: ports on the loopback only, images pinned, a health check for each server,
 * and the settings without which the binlog or the WAL is of no use to Headgate.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly network_mode?: string;
  readonly healthcheck?: {
    readonly test?: readonly string[];
    readonly interval?: string;
    readonly timeout?: string;
  };
  readonly environment?: Readonly<Record<string, string | number>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

const root = join(import.meta.dirname, "../..");
const compose = parse(readFileSync(join(root, "docker-compose.yml"), "utf8")) as Compose;
const dclint = dirname(createRequire(import.meta.url).resolve("dclint/package.json"));
const schema = JSON.parse(readFileSync(join(dclint, "schemas/compose.schema.json"), "utf8")) as Record<
  string,
  unknown
>;

function schemaErrors(value: unknown): string[] {
  // The schema names draft-07 by its https address, which Ajv knows under http only.
  const draft = { ...schema, $schema: "http://json-schema.org/draft-07/schema#" };
  const validate = new Ajv({ strict: false, allErrors: true }).compile(draft);
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""}`);
}

/** Ports that would be open to other machines, by service. */
function openPorts({ services }: Compose): string[] {
  return Object.entries(services).flatMap(([name, { ports = [], network_mode }]) => [
    ...ports
      .filter((port) => typeof port !== "string" || !/^127\.0\.0\.1:[^:]*(:-\d+\})?:\d+$/.test(port))
      .map((port) => `${name}: ${JSON.stringify(port)}`),
    ...(network_mode === undefined ? [] : [`${name}: network_mode ${network_mode}`]),
  ]);
}

/** Images whose tag may mean another major or minor version tomorrow, by service. */
function looseImages({ services }: Compose): string[] {
  return Object.entries(services)
    .filter(([, { image = "" }]) => !/^[a-z0-9./-]+:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image))
    .map(([name, { image }]) => `${name}: ${image ?? "no image"}`);
}

describe("docker-compose.yml", () => {
  it("is a compose file by the specification's schema", () => {
    expect(schemaErrors(compose)).toEqual([]);
  });

  it("starts the stack's servers, Kafka, Connect and a registry", () => {
    const names = ["mysql9", "mariadb", "postgres18", "kafka", "connect", "registry"];
    expect(Object.keys(compose.services)).toEqual(names);
  });

  it("opens ports on the loopback only", () => {
    for (const { ports } of Object.values(compose.services)) expect(ports).toHaveLength(1);
    expect(openPorts(compose)).toEqual([]);
  });

  it("pins its images", () => {
    expect(looseImages(compose)).toEqual([]);
  });

  it("asks every server whether it is well", () => {
    for (const [name, { healthcheck }] of Object.entries(compose.services)) {
      expect(healthcheck?.test?.[0], name).toBe("CMD");
      expect(healthcheck?.interval, name).toMatch(/^\d+s$/);
      expect(healthcheck?.timeout, name).toMatch(/^\d+s$/);
    }
  });

  it("keeps logs that can be followed", () => {
    const rows = ["--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL"];
    expect(compose.services["mysql9"]?.command).toEqual(
      expect.arrayContaining([...rows, "--gtid-mode=ON", "--enforce-gtid-consistency=ON"]),
    );
    expect(compose.services["mariadb"]?.command).toEqual(
      expect.arrayContaining([...rows, "--gtid-strict-mode=ON"]),
    );
    expect(compose.services["postgres18"]?.command).toContain("wal_level=logical");
    expect(compose.services["connect"]?.environment).toMatchObject({
      CONNECT_VALUE_CONVERTER_REPLACE_NULL_WITH_DEFAULT: "false",
    });
  });
});

describe("a compose file is refused", () => {
  const one = (service: unknown): Compose => ({ services: { one: service } }) as Compose;

  it("by the schema for an unknown key or a wrong shape", () => {
    expect(schemaErrors(one({ image: "mysql:9.7" }))).toEqual([]);
    expect(schemaErrors(one({ image: "mysql:9.7", prots: [] }))).not.toEqual([]);
    expect(schemaErrors(one({ image: "mysql:9.7", depends_on: { kafka: {} } }))).not.toEqual([]);
    expect(schemaErrors({ services: { one: { healthcheck: { retries: "many", test: 5 } } } })).not.toEqual(
      [],
    );
  });

  it.each(["3306:3306", "0.0.0.0:3306:3306", "3306", "${HOST}:3306:3306", "[::]:1:1", "127.0.0.1:1:1/../0"])(
    "for the port %s",
    (port) => {
      expect(openPorts(one({ ports: [port] }))).toHaveLength(1);
    },
  );

  it("for the network of the host", () => {
    expect(openPorts(one({ network_mode: "host" }))).toHaveLength(1);
  });

  it.each(["mysql", "mysql:latest", "mysql:9", "mysql:lts", "mysql:${TAG}"])("for the image %s", (image) => {
    expect(looseImages(one({ image }))).toHaveLength(1);
  });
});
