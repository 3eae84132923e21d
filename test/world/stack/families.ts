/**
 * What differs between the families of servers, in one table: how one is set up, started, asked whether it is ours,
 * told to stop. servers.ts and server.ts know no family by name.
 */
import { realpathSync } from "node:fs";
import type { Home } from "./home.js";
import {
  connectAnswer,
  connectCommand,
  kafkaAnswer,
  kafkaCommand,
  kafkaInitialize,
  registryAnswer,
  registryCommand,
} from "./jvm.js";
import type { Start } from "./jvm.js";
import { mysqlCommand, mysqlDataFolder, mysqlInitialize, mysqlUrl } from "./mysql.js";
import type { Family, Name } from "./names.js";
import type { Programs } from "./offer.js";
import { postgresCommand, postgresDataFolder, postgresInitialize, postgresUrl } from "./postgres.js";

export interface FamilyLife {
  url(port: number): string;
  /** Fills the empty folder `data`, which will be `home.data`. */
  initialize(name: Name, programs: Programs, home: Home, data: string): Promise<void>;
  command(name: Name, start: Start): readonly string[] | Promise<readonly string[]>;
  /** Undefined when what answers on the port is our server and takes orders; else why not. Rejects where nobody answers. */
  answer(home: Home, port: number): Promise<string | undefined>;
  /** The signal at which it ends its transactions and closes its files. */
  readonly stop: NodeJS.Signals;
  /** Milliseconds after which it is killed. */
  readonly patience: number;
}

/** A database proves itself by its data folder. */
function sameFolder(ask: (port: number) => Promise<string>): FamilyLife["answer"] {
  return async (home, port) =>
    realpathSync(await ask(port)) === realpathSync(home.data)
      ? undefined
      : "another server answers on its port";
}

const mysql: FamilyLife = {
  url: mysqlUrl,
  initialize: mysqlInitialize,
  command: (name, { programs, home, port }) => mysqlCommand(name, programs, home, port),
  answer: sameFolder(mysqlDataFolder),
  stop: "SIGTERM",
  patience: 120_000,
};

export const families: Readonly<Record<Family, FamilyLife>> = {
  mysql,
  mariadb: mysql,
  postgres: {
    url: postgresUrl,
    initialize: (_name, programs, _home, data) => postgresInitialize(programs, data),
    command: (_name, { programs, home, port }) => postgresCommand(programs, home, port),
    answer: sameFolder(postgresDataFolder),
    // The "fast" shutdown.
    stop: "SIGINT",
    patience: 120_000,
  },
  kafka: {
    // As a client's list of brokers wants it.
    url: (port) => `127.0.0.1:${port}`,
    initialize: (_name, programs, home, data) => kafkaInitialize(programs, home, data),
    command: (_name, start) => kafkaCommand(start),
    answer: kafkaAnswer,
    stop: "SIGTERM",
    patience: 60_000,
  },
  connect: {
    url: (port) => `http://127.0.0.1:${port}`,
    initialize: () => Promise.resolve(),
    command: (_name, start) => connectCommand(start),
    answer: connectAnswer,
    stop: "SIGTERM",
    // Its shutdown can hang for ever, and a worker that hangs blocks its successor.
    patience: 10_000,
  },
  registry: {
    url: (port) => `http://127.0.0.1:${port}`,
    initialize: () => Promise.resolve(),
    command: (_name, start) => registryCommand(start),
    answer: registryAnswer,
    stop: "SIGTERM",
    patience: 30_000,
  },
};
