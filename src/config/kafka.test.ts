/** The feed over Kafka in the config: what is refused with which key, and when encryption holds. */
import { describe, expect, it } from "vitest";
import { kafkaSchema } from "./kafka-keys.js";
import { kafkaEndpoint, knowKafka } from "./kafka.js";
import { mask, Redactor } from "./redact.js";

const near = { brokers: ["127.0.0.1:9092"], prefix: "shop" };
const far = { brokers: ["127.0.0.1:9092", "[fe80::1]:9092"], prefix: "shop" };

function refused(said: unknown): readonly string[] {
  const result = kafkaSchema.safeParse(said);
  return result.success ? [] : result.error.issues.map(({ path }) => path.join("."));
}

describe("what is written", () => {
  it.each<[string, unknown, readonly string[]]>([
    ["the least of it", near, []],
    ["a broker without a port", { ...near, brokers: ["localhost"] }, ["brokers.0"]],
    ["no broker", { ...near, brokers: [] }, ["brokers"]],
    ["no prefix", { brokers: ["localhost:9092"] }, ["prefix"]],
    ["a prefix that no topic may have", { ...near, prefix: "shop/1" }, ["prefix"]],
    ["a prefix that leaves no room for tables", { ...near, prefix: "x".repeat(121) }, ["prefix"]],
    ["avro without a registry", { ...near, format: "avro" }, ["format"]],
    ["avro with one", { ...near, format: "avro", registry: "http://localhost:8081" }, []],
    ["a Connect that is no URL", { ...near, connect: "localhost:8083" }, ["connect"]],
    ["a login in Connect's URL", { ...near, connect: "https://me:secret@connect.internal:8083/v1" }, []],
    [
      "a Connect off this machine in clear",
      { ...near, connect: "http://connect.internal:8083" },
      ["connect"],
    ],
    ["a registry off this machine in clear", { ...near, registry: "http://[fe80::2]:8081" }, ["registry"]],
    ["both on this machine", { ...near, connect: "http://[::1]:8083", registry: "http://localhost" }, []],
    ["a broker off this machine in clear", { ...far, tls: { mode: "off" } }, ["tls.mode"]],
    ["the same on two lines", { ...far, tls: { mode: "off", insecure: true }, connect: "http://c:8083" }, []],
    ["an unknown key", { ...near, topic: "shop" }, [""]],
  ])("%s", (_, said, keys) => {
    expect(refused(said)).toEqual(keys);
  });
});

describe("what a connector is given", () => {
  it.each([
    ["near", near, false],
    ["near with mode", { ...near, tls: { mode: "verify-full" } }, true],
    ["far", far, true],
    ["far, and off", { ...far, tls: { mode: "off", insecure: true } }, false],
  ])("%s", (_, said, encrypted) => {
    expect(kafkaEndpoint(kafkaSchema.parse(said), ".")).toMatchObject({ endpoint: { encrypted, ca: null } });
  });

  it("names a PEM file that is none", () => {
    const said = kafkaSchema.parse({ ...far, tls: { ca: "no-such.pem" } });
    expect(kafkaEndpoint(said, "/nowhere")).toMatchObject({
      problem: { found: expect.any(String) as string },
    });
  });

  it("has its passwords known as secrets", () => {
    const said = kafkaSchema.parse({
      ...near,
      connect: "http://me:s%2Fcret-one@localhost:8083",
      sasl: { mechanism: "plain", username: "app", password: "secret-two" },
    });
    const result = kafkaEndpoint(said, ".");
    if ("problem" in result) throw new Error("refused");
    const redactor = new Redactor();
    knowKafka(redactor, result.endpoint);
    expect(redactor.scrub("app secret-two s/cret-one s%2Fcret-one")).toBe(`app ${mask} ${mask} ${mask}`);
  });
});
