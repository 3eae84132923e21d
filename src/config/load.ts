/**
 * headgate.yaml from the disk to a checked Config. Read once, filled in once; whatever is wrong is told at once, each
 * with file, line and column, what was found and what is allowed. Every password that passes through here is known
 * to the redactor before anything can throw with it.
 */
import { dirname, resolve } from "node:path";
import { Fault, codes } from "../errors.js";
import type { FaultCode } from "../errors.js";
import type { KafkaEndpoint } from "../port.js";
import type { KeyPath, Place } from "./document.js";
import { readDocument } from "./document.js";
import { demandTwoServers, endpointOf, knowServer } from "./endpoint.js";
import type { Endpoint } from "./endpoint.js";
import { demandAgreement } from "./environment.js";
import type { Env } from "./environment.js";
import { fillTree, retyped } from "./fill-tree.js";
import type { FilledTree } from "./fill-tree.js";
import { guardProblems } from "./guarded.js";
import { homesOf, knownKeys } from "./json-schema.js";
import { kafkaEndpoint, knowKafka } from "./kafka.js";
import { notBuilt } from "./not-built.js";
import { dotted, problemsOf } from "./problem.js";
import type { Problem } from "./problem.js";
import { placesOf } from "./places.js";
import type { Places } from "./places.js";
import { Redactor } from "./redact.js";
import { configSchema } from "./schema.js";
import type { Config } from "./schema.js";
import { demandPrivate, readConfigFile } from "./secret-file.js";
import type { UrlSide } from "./url.js";

export interface LoadedConfig {
  readonly config: Config;
  /** As it was passed. */
  readonly file: string;
  /** Absolute folder of the file: relative paths start here, `.headgate/` stands here. */
  readonly folder: string;
  readonly source: Endpoint;
  readonly target: Endpoint;
  /** source.replica, with the source's own TLS settings; null when the file names none. */
  readonly replica: Endpoint | null;
  /** source.admin and the probes, each with its side's own TLS settings; null where the file names none. */
  readonly night: Night;
  /** Where changes come from instead of the source's own log; null with kind binlog. */
  readonly kafka: KafkaEndpoint | null;
  readonly redactor: Redactor;
  /** `headgate.yaml:12:3` of a key, or of the nearest thing around it that the file has. */
  readonly where: (path: KeyPath) => string;
}

export interface Night {
  readonly admin: Endpoint | null;
  readonly sourceProbe: Endpoint | null;
  readonly targetProbe: Endpoint | null;
}

type Told = Pick<Problem, "place" | "sentence">;

/**
 * Faults, all exit 64: config-missing, config-invalid, secrets-readable, not-built-yet, same-server,
 * environment-mismatch. Their
 * sentences are clean of secrets; with several problems `facts.problems` counts and `facts.all` lists them.
 */
export async function loadConfig(path: string, env: Env): Promise<LoadedConfig> {
  const file = readConfigFile(path);
  const folder = dirname(resolve(path));
  const parsed = readDocument(file.text);
  const redactor = new Redactor();
  if ("problems" in parsed) throw told("config-invalid", path, parsed.problems, redactor);
  const places = placesOf(parsed.tree);
  const filled = fillTree(parsed.tree, redactor, env, folder);
  const open = filled.problems.filter((problem) => problem.code === "secrets-readable");
  if (open.length > 0) throw told("secrets-readable", path, open, redactor, "Run the chmod of the sentence.");
  if (filled.literalPassword !== null) demandPrivate(path, file.mode, filled.literalPassword);

  const config = await demandValid(path, filled, places, redactor);
  const source = demandEndpoint("source", config, folder, path, places, redactor);
  const target = demandEndpoint("target", config, folder, path, places, redactor);
  const replica = demandReplica(config, source, folder, path, places, redactor);
  const beside = (side: UrlSide, key: KeyPath, url: string | undefined): Endpoint | null =>
    demandBeside(
      { side, key, url, of: side === "source" ? source : target },
      config,
      folder,
      path,
      places,
      redactor,
    );
  const night = {
    admin: beside("source", ["source", "admin"], config.source.admin),
    sourceProbe: beside("source", ["cutover", "fence", "probe"], config.cutover.fence.probe),
    targetProbe: beside("target", ["cutover", "open", "probe"], config.cutover.open.probe),
  };
  const kafka = demandKafka(config, folder, path, places, redactor);
  for (const name of [config.migration, config.target.schema, config.environment]) redactor.allow(name);
  demandTwoServers(source.server, target.server);
  demandAgreement(env, config.migration, target.server.database);
  return {
    config,
    file: path,
    folder,
    source,
    target,
    replica,
    night,
    kafka,
    redactor,
    where: (key) => placed(path, places.key(key)),
  };
}

/** The config, or every problem of it: first what is wrong, then what is right and not built yet. */
async function demandValid(
  path: string,
  filled: FilledTree,
  places: Places,
  redactor: Redactor,
): Promise<Config> {
  let { value } = filled;
  let result = configSchema.safeParse(value);
  if (!result.success) {
    value = retyped(value, result.error.issues, filled);
    result = configSchema.safeParse(value);
  }
  const said = {
    value,
    place: places.value,
    keyPlace: places.key,
    template: (key: KeyPath) => filled.templates.get(JSON.stringify(key)),
    knownKeys,
    homesOf,
  };
  const issues = result.success ? [] : problemsOf(result.error.issues, said);
  // A value that could not be filled in is still its template, and whatever the schema says of that is noise.
  const unfilled = new Set(filled.problems.map((problem) => JSON.stringify(problem.path)));
  const fresh = issues.filter((problem) => !unfilled.has(JSON.stringify(problem.path)));
  const guarded = result.success && filled.problems.length === 0 ? await guardProblems(result.data) : [];
  const wrong = [
    ...filled.problems,
    ...fresh.filter((problem) => !problem.notBuilt),
    ...guarded.map(({ path: key, sentence }) => ({ place: places.value(key), sentence })),
  ];
  if (wrong.length > 0) throw told("config-invalid", path, wrong, redactor);
  const later: Told[] = [
    ...fresh,
    ...notBuilt(value).map(({ path: key, part }) => ({
      place: places.key(key),
      sentence: `${dotted(key)} is set, but ${part} is not built yet.`,
    })),
  ];
  if (later.length > 0) throw told("not-built-yet", path, later, redactor, codes["not-built-yet"].next);
  if (!result.success) throw new Fault("bug", `${path} is refused, and no sentence says why.`);
  return result.data;
}

function demandEndpoint(
  side: UrlSide,
  config: Config,
  folder: string,
  path: string,
  places: Places,
  redactor: Redactor,
): Endpoint {
  const result = endpointOf(side, config[side], folder);
  if ("endpoint" in result) {
    knowServer(redactor, result.endpoint.server);
    return result.endpoint;
  }
  const { key, found, allowed } = result.problem;
  const at = key === "tls" ? [side, "tls", "ca"] : [side, key];
  throw told(
    "config-invalid",
    path,
    [{ place: places.value(at), sentence: `${dotted(at)} is ${found}. Allowed: ${allowed}.` }],
    redactor,
  );
}

/** The same database on another server; its TLS is the source's. */
function demandReplica(
  config: Config,
  source: Endpoint,
  folder: string,
  path: string,
  places: Places,
  redactor: Redactor,
): Endpoint | null {
  const url = config.source.replica;
  if (url === undefined) return null;
  const at = ["source", "replica"];
  const refuse = (found: string, allowed: string): Fault =>
    told(
      "config-invalid",
      path,
      [{ place: places.value(at), sentence: `source.replica is ${found}. Allowed: ${allowed}.` }],
      redactor,
    );
  const result = endpointOf("source", { url, tls: config.source.tls }, folder);
  if ("problem" in result) throw refuse(result.problem.found, result.problem.allowed);
  const { server } = result.endpoint;
  knowServer(redactor, server);
  if (server.database !== source.server.database)
    throw refuse(`the database ${server.database}`, `the source's own database, ${source.server.database}`);
  return result.endpoint;
}

interface Beside {
  readonly side: UrlSide;
  readonly key: KeyPath;
  readonly url: string | undefined;
  /** The side that it is another login of. */
  readonly of: Endpoint;
}

/** Another login of a side: the same database, with the side's TLS. */
function demandBeside(
  { side, key, url, of }: Beside,
  config: Config,
  folder: string,
  path: string,
  places: Places,
  redactor: Redactor,
): Endpoint | null {
  if (url === undefined) return null;
  const refuse = (found: string, allowed: string): Fault =>
    told(
      "config-invalid",
      path,
      [{ place: places.value(key), sentence: `${dotted(key)} is ${found}. Allowed: ${allowed}.` }],
      redactor,
    );
  const result = endpointOf(side, { url, tls: config[side].tls }, folder);
  if ("problem" in result) throw refuse(result.problem.found, result.problem.allowed);
  const { server } = result.endpoint;
  knowServer(redactor, server);
  if (server.database !== of.server.database)
    throw refuse(`the database ${server.database}`, `the ${side}'s own database, ${of.server.database}`);
  return result.endpoint;
}

/** What is written under feed.kafka is looked at whether it is used or not. */
function demandKafka(
  { feed }: Config,
  folder: string,
  path: string,
  places: Places,
  redactor: Redactor,
): KafkaEndpoint | null {
  if (feed.kafka === undefined) return null;
  const result = kafkaEndpoint(feed.kafka, folder);
  if ("endpoint" in result) {
    knowKafka(redactor, result.endpoint);
    return feed.kind === "kafka" ? result.endpoint : null;
  }
  const { found, allowed } = result.problem;
  const at = ["feed", "kafka", "tls", "ca"];
  throw told(
    "config-invalid",
    path,
    [{ place: places.value(at), sentence: `${dotted(at)} is ${found}. Allowed: ${allowed}.` }],
    redactor,
  );
}

/** One Fault of all problems, in the file's order: the first is the sentence. */
function told(
  code: FaultCode,
  path: string,
  problems: readonly Told[],
  redactor: Redactor,
  next?: string,
): Fault {
  const lines = [...problems]
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .map(({ place, sentence }) => redactor.scrub(`${placed(path, place)}: ${sentence}`));
  const more = lines.length - 1;
  return new Fault(code, lines.join("\n"), {
    facts: { problems: lines.length },
    next:
      next ??
      (more > 0
        ? `Mend the ${String(lines.length)} lines of ${path} that are named.`
        : `Mend the named line of ${path}.`),
  });
}

function placed(path: string, place: Place): string {
  return `${path}:${String(place.line)}:${String(place.column)}`;
}
