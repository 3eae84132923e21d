/**
 * Kafka Connect over its REST API: a connector is registered, changed, paused, resumed, restarted, removed, asked how
 * its tasks are and how far it is. A worker that is just joining its group answers 409 to every change; that passes,
 * and is waited out here.
 */
import { Fault } from "../../src/errors.js";
import { retry } from "../../src/stop.js";
import { entriesOf, isRecord, textOf } from "./connect-json.js";
import { ask, placeOf } from "./http.js";
import type { HttpAnswer, HttpServer } from "./http.js";

/** As Connect has it: every value is a text. */
export type ConnectorConfig = Readonly<Record<string, string>>;

export type ConnectorState = "RUNNING" | "PAUSED" | "STOPPED" | "FAILED" | "UNASSIGNED" | "RESTARTING";

export interface TaskStatus {
  readonly id: number;
  readonly state: ConnectorState;
  /** What Java printed when it died; empty otherwise. */
  readonly trace: string;
}

export interface ConnectorStatus extends Omit<TaskStatus, "id"> {
  readonly tasks: readonly TaskStatus[];
}

/** How far a connector has come for good, in its own words. */
export interface CommittedOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

export interface Plugin {
  readonly class: string;
  readonly version: string;
}

/** Why a setting would be refused. */
export interface Refused {
  readonly setting: string;
  readonly why: string;
}

/** All of them may throw Faults server-unreachable, connection-lost (retriable), login-refused, tls-refused, connector-failed (what Connect refuses). */
export interface Connect {
  readonly place: string;
  /** The Kafka cluster that its topics are in. */
  cluster(): Promise<string>;
  plugins(): Promise<readonly Plugin[]>;
  names(): Promise<readonly string[]>;
  /** Null where there is no such connector; so with the others. */
  config(name: string): Promise<ConnectorConfig | null>;
  /** What Connect itself has against a configuration; it is not registered. */
  validate(config: ConnectorConfig): Promise<readonly Refused[]>;
  /** Registers the connector, or gives the one of that name another configuration. */
  put(name: string, config: ConnectorConfig): Promise<void>;
  status(name: string): Promise<ConnectorStatus | null>;
  offsets(name: string): Promise<readonly CommittedOffset[] | null>;
  pause(name: string): Promise<void>;
  /** From paused or stopped. */
  resume(name: string): Promise<void>;
  /** Its tasks end; it keeps configuration and offsets. */
  stop(name: string): Promise<void>;
  /** The connector and its failed tasks. */
  restart(name: string): Promise<void>;
  /** Nothing happens where there is none of that name. Topics stay, and its offsets too: a later connector of this name goes on from them. */
  remove(name: string): Promise<void>;
  /** Takes its offsets away, of a connector that is stopped: it begins anew. */
  forget(name: string): Promise<void>;
}

export interface ConnectOptions {
  readonly server: Omit<HttpServer, "name">;
  readonly signal: AbortSignal;
}

/** How a worker says, as an error of its own, that a plugin is not installed. */
const noSuchClass = /Failed to find any class that implements Connector/u;

/** Tries at a worker that takes no changes yet: about a minute. */
const tries = 12;

export function openConnect({ server, signal }: ConnectOptions): Connect {
  const connect: HttpServer = { ...server, name: "Kafka Connect" };
  const place = placeOf(connect);

  const answered = async (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) => {
    let answer = await ask(connect, method, path, signal, body);
    // A worker that is out of reach is for the caller to wait for, or not; one that is busy is asked again here.
    if (isBusy(answer))
      answer = await retry(
        async () => {
          const one = await ask(connect, method, path, signal, body);
          if (isBusy(one)) throw new Fault("server-unreachable", `${place} is busy: ${sentenceIn(one.text)}`);
          return one;
        },
        signal,
        { retries: tries, onRetry: () => undefined },
      );
    if (answer.status >= 400 && answer.status !== 404 && !noSuchClass.test(answer.text))
      throw new Fault(
        "connector-failed",
        `${place} refuses ${method} ${path} (HTTP ${answer.status}): ${sentenceIn(answer.text)}`,
      );
    return answer;
  };
  const read = async (path: string): Promise<unknown> => {
    const { status, text } = await answered("GET", path);
    return status === 404 ? null : parsed(text, place);
  };
  /** Changes one connector. */
  const change = async (
    method: "PUT" | "POST" | "DELETE",
    name: string,
    act: string,
    body?: unknown,
  ): Promise<void> => {
    const { status } = await answered(method, `${pathOf(name)}${act}`, body);
    if (status === 404) throw missing(place, name);
  };

  return {
    place,
    async cluster() {
      return textOf(await read("/"), "kafka_cluster_id");
    },
    async plugins() {
      return entriesOf(await read("/connector-plugins")).map((one) => ({
        class: textOf(one, "class"),
        version: textOf(one, "version"),
      }));
    },
    async names() {
      const found = await read("/connectors");
      return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
    },
    async config(name) {
      const found = await read(`${pathOf(name)}/config`);
      if (!isRecord(found)) return null;
      return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, String(value)]));
    },
    async validate(config) {
      const path = `/connector-plugins/${encodeURIComponent(config["connector.class"] ?? "")}/config/validate`;
      const { status, text } = await answered("PUT", path, config);
      if (status >= 400)
        return [{ setting: "connector.class", why: `${place} has no ${config["connector.class"] ?? ""}.` }];
      const found = parsed(text, place);
      return entriesOf(isRecord(found) ? found["configs"] : null).flatMap((entry) => {
        const value = entry["value"];
        const errors = isRecord(value) && Array.isArray(value["errors"]) ? value["errors"] : [];
        return errors.map((why) => ({ setting: textOf(value, "name"), why: String(why) }));
      });
    },
    async put(name, config) {
      const { status, text } = await answered("PUT", `${pathOf(name)}/config`, config);
      if (status >= 400)
        throw new Fault("connector-failed", `${place} can't register ${name}: ${sentenceIn(text)}`);
    },
    async status(name) {
      const found = await read(`${pathOf(name)}/status`);
      if (!isRecord(found)) return null;
      return { ...taskOf(found["connector"]), tasks: entriesOf(found["tasks"]).map(taskOf) };
    },
    async offsets(name) {
      const found = await read(`${pathOf(name)}/offsets`);
      if (!isRecord(found)) return null;
      return entriesOf(found["offsets"]).map(({ partition, offset }) => ({
        partition: isRecord(partition) ? partition : {},
        offset: isRecord(offset) ? offset : {},
      }));
    },
    pause: (name) => change("PUT", name, "/pause"),
    resume: (name) => change("PUT", name, "/resume"),
    stop: (name) => change("PUT", name, "/stop"),
    restart: (name) => change("POST", name, "/restart?includeTasks=true&onlyFailed=true"),
    forget: (name) => change("DELETE", name, "/offsets"),
    async remove(name) {
      await answered("DELETE", pathOf(name));
    },
  };
}

/** Its group is being rearranged, or a connector is not known to all workers yet. */
function isBusy({ status, text }: HttpAnswer): boolean {
  return status === 409 || (status === 500 && /Timeout|timed out/iu.test(text));
}

function pathOf(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}

function missing(place: string, name: string): Fault {
  return new Fault("connector-failed", `${place} has no connector called ${name}.`);
}

const states: readonly ConnectorState[] = [
  "RUNNING",
  "PAUSED",
  "STOPPED",
  "FAILED",
  "UNASSIGNED",
  "RESTARTING",
];

function taskOf(value: unknown): TaskStatus {
  const said = textOf(value, "state");
  const id = isRecord(value) ? Number(value["id"] ?? -1) : -1;
  return { id, state: states.find((one) => one === said) ?? "UNASSIGNED", trace: textOf(value, "trace") };
}

function parsed(text: string, place: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Fault("connector-failed", `${place} gives an answer that is no JSON: ${text.slice(0, 100)}`, {
      next: "Check feed.kafka.connect: another program may answer there.",
    });
  }
}

/** Connect's own words for a refusal, short and on one line. */
function sentenceIn(text: string): string {
  try {
    const message = textOf(JSON.parse(text), "message");
    if (message !== "") return oneLine(message);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return oneLine(text);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim().slice(0, 400);
}
