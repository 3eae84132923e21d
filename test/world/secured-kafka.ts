/**
 * A broker of a test's own that asks for TLS, a login and a right: beside the listener that the stack uses it has one of
 * SASL_SSL, with a certificate of the test's own authority for `localhost` and for no address, and its authorizer allows
 * nothing that no ACL does. Whoever comes over the stack's listener is its administrator.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import kafkajs from "kafkajs";
import type { Admin } from "kafkajs";
import { ownServers } from "../faults/own-servers.js";
import { authority } from "./authority.js";
import type { Authority } from "./authority.js";
import type { Name } from "./stack/names.js";
import { firstPort, freePort } from "./stack/port.js";
import { findPrograms } from "./stack/programs.js";
import { up } from "./stack/servers.js";
import type { Server } from "./stack/servers.js";
import { run } from "./stack/tool.js";

export interface User {
  readonly name: string;
  readonly password: string;
}

export interface SecuredKafka extends AsyncDisposable {
  readonly authority: Authority;
  /** host:port of the listener that asks for everything, under the name that its certificate has. */
  readonly secured: string;
  readonly port: number;
  /** host:port of the listener of the administrator, which is plain. */
  readonly plain: string;
  readonly admin: Admin;
  /** Brings a server of the test's own up beside it. */
  up(name: Name): Promise<Server>;
}

export interface SecuredOptions {
  /** Who may log in by SCRAM-SHA-512. */
  readonly scram: readonly User[];
  /** Who may log in by PLAIN. */
  readonly plain: readonly User[];
  /** Lines for Connect's worker. */
  readonly worker?: (place: { readonly secured: string; readonly caFile: string }) => readonly string[];
}

const listener = "listener.name.secured";

export async function securedKafka({ scram, plain, worker }: SecuredOptions): Promise<SecuredKafka> {
  const own = authority();
  const { key, certificate } = own.issue("DNS:localhost");
  const keystore = join(own.folder, "broker.pem");
  writeFileSync(keystore, key + certificate, { mode: 0o644 });
  const port = await freePort(firstPort(own.folder, "secured"), new Set());
  const users = plain.map(({ name, password }) => ` user_${name}="${password}"`).join("");
  const lines = [
    `listeners=PLAINTEXT://127.0.0.1:\${port},SECURED://127.0.0.1:${String(port)},CONTROLLER://127.0.0.1:\${controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:\${port},SECURED://localhost:${String(port)}`,
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL",
    `${listener}.ssl.keystore.type=PEM`,
    `${listener}.ssl.keystore.location=${keystore}`,
    `${listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512`,
    `${listener}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required${users};`,
    `${listener}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found=false",
    "super.users=User:ANONYMOUS",
  ];
  writeFileSync(join(own.folder, "broker.properties"), lines.join("\n"));
  const secured = `localhost:${String(port)}`;
  writeFileSync(
    join(own.folder, "worker.properties"),
    (worker?.({ secured, caFile: own.caFile }) ?? []).join("\n"),
  );
  process.env["HEADGATE_STACK_KAFKA"] = own.folder;
  const remove = (): void => {
    Reflect.deleteProperty(process.env, "HEADGATE_STACK_KAFKA");
    own[Symbol.dispose]();
  };
  try {
    const servers = await ownServers(["kafka"]);
    const { url } = servers.servers.kafka;
    await makeUsers(url, scram);
    const admin = new kafkajs.Kafka({ brokers: [url], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    return {
      authority: own,
      secured,
      port,
      plain: url,
      admin,
      up: async (name) => (await up([name]))[name],
      [Symbol.asyncDispose]: async () => {
        await admin.disconnect();
        await servers[Symbol.asyncDispose]();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** No client of ours has that request; Kafka's own command does it. */
async function makeUsers(broker: string, users: readonly User[]): Promise<void> {
  const { server } = await findPrograms("kafka", "auto");
  for (const { name, password } of users) {
    const who = ["--alter", "--entity-type", "users", "--entity-name", name];
    const config = ["--add-config", `SCRAM-SHA-512=[password=${password}]`];
    await run([...server, "kafka.admin.ConfigCommand", "--bootstrap-server", broker, ...who, ...config]);
  }
}
