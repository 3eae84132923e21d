/**
 * `init`: looks at the source's catalogue and values once and writes headgate.yaml with explicit lines wherever the
 * data needs them, so that `check` passes where a safe line exists and a person reviews each of them. It never
 * overwrites a file.
 */
import { access, constants, open } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { demandTwoServers, endpointFromFlag } from "../config/endpoint.js";
import type { InitLines } from "../config/init.js";
import { initText } from "../config/init.js";
import { demandMigrationId } from "../config/migration-id.js";
import { Redactor } from "../config/redact.js";
import type { Config } from "../config/schema.js";
import { defaultWorkersPerHost, environments } from "../config/schema.js";
import { Fault, exits } from "../errors.js";
import { inspect } from "../migration.js";
import type { Inspection } from "../migration.js";
import type { Finding, Settling } from "../model.js";
import type { PlanRequest } from "../plan/request.js";
import { count, plural } from "../watch/screen.js";
import { columnLines, errorsOf, findingLines } from "./findings.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

export interface InitFlags {
  readonly source: string;
  readonly target: string;
  readonly environment: string;
  readonly migration?: string;
  readonly dryRun: boolean;
}

export async function initVerb(context: VerbContext, flags: InitFlags): Promise<VerbResult> {
  const { services, output } = context;
  const path = context.flags.config;
  const environment = environments.find((one) => one === flags.environment);
  if (environment === undefined)
    throw new Fault(
      "usage",
      `--environment takes ${environments.join(", ")}, not ${JSON.stringify(flags.environment)}.`,
    );
  const redactor = new Redactor();
  output.know(null, (text) => redactor.scrub(text));
  const from = endpointFromFlag("source", flags.source, services.env, redactor);
  const to = endpointFromFlag("target", flags.target, services.env, redactor);
  demandTwoServers(from.server, to.server);
  const migration = flags.migration ?? idOf(services.today(), from.server.database);
  demandMigrationId(migration);
  if (!flags.dryRun) await demandAbsent(path);
  await using source = await services.openSource(from.server, from.tls, null);
  await using target = await services.openTarget(to.url, to.tls, { host: hostname(), pid: process.pid });
  const found = await inspect(source, target, {
    request: requestOf(migration),
    values: {
      workers: defaultWorkersPerHost,
      slots: defaultWorkersPerHost,
      sample: null,
      showValues: false,
      throttle: null,
      wait: services.wait,
      onWait: (sentence) => services.streams.stderr(`${sentence}\n`),
    },
    signal: services.signal,
  });
  const text = textOf(found, { migration, environment, source: flags.source, target: flags.target });
  if (!flags.dryRun) await writeNew(path, text);
  const settled = found.findings.filter((finding) => decided(finding).length > 0);
  const left = errorsOf(found.findings).filter((finding) => decided(finding).length === 0);
  return {
    exit: exits.done,
    nextSteps: [{ why: "the file is written; read it once", command: "headgate check" }],
    body: {
      file: flags.dryRun ? null : path,
      text,
      migration,
      tables: found.plan.tables.length,
      findings: found.findings,
    },
    human: [
      ...(flags.dryRun ? [text] : []),
      `${flags.dryRun ? "Would write" : "Wrote"} ${path} for ${migration}: ${seen(found)}.`,
      ...(settled.length > 0
        ? [`Lines in it settle ${plural(settled.length, "finding")}; each says why.`]
        : []),
      ...(left.length > 0 ? [`No safe line settles ${plural(left.length, "finding")}, left to you:`] : []),
      ...findingLines(left, false),
    ],
  };
}

/** Today's date and the database's name, as far as it may stand in an id. */
function idOf(today: Date, database: string): string {
  const name = database.replace(/[^a-zA-Z0-9_]+/gu, "_").replace(/^_+|_+$/gu, "");
  return `${today.toISOString().slice(0, 10).replaceAll("-", "")}_${name === "" ? "database" : name}`;
}

function requestOf(migration: string): PlanRequest {
  return {
    migration,
    schema: "public",
    include: ["*"],
    exclude: [],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
  };
}

interface Given {
  readonly migration: string;
  readonly environment: Config["environment"];
  readonly source: string;
  readonly target: string;
}

function textOf(found: Inspection, given: Given): string {
  return initText({
    ...given,
    schema: "public",
    seen: seen(found),
    names: "keep",
    renames: settling(found.findings, "rename"),
    columns: columnLines(found.findings.flatMap((finding) => decided(finding))),
    typemap: settling(found.findings, "typemap"),
    policies: settling(found.findings, "policies"),
  });
}

/** What has one answer; what has several is for a person, and `check` keeps telling it. */
function decided(finding: Finding): Settling[] {
  return (finding.settle ?? []).filter(({ byChoice }) => byChoice !== true);
}

function settling(findings: readonly Finding[], section: Settling["section"]): InitLines[] {
  return findings.flatMap((finding) => {
    const lines = decided(finding)
      .filter((one) => one.section === section)
      .map((one) => (section === "rename" ? one.yaml : `- ${one.yaml}`));
    return lines.length === 0 ? [] : [{ comment: `${finding.object}: ${finding.sentence}`, lines }];
  });
}

function seen(found: Inspection): string {
  const rows = found.plan.tables.reduce((sum, table) => sum + table.estimatedRows, 0);
  const { engine, version } = found.source;
  const name = engine === "mariadb" ? "MariaDB" : "MySQL";
  return `${name} ${version}, ${plural(found.plan.tables.length, "table")}, about ${count(rows)} rows`;
}

/** Asked before the servers are, so that a full look at the data is not done for nothing. */
async function demandAbsent(path: string): Promise<void> {
  try {
    await (await open(path, "r")).close();
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
    await access(dirname(path), constants.W_OK);
    return;
  }
  throw exists(path);
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw isCode(error, "EEXIST") ? exists(path) : error;
  }
}

function exists(path: string): Fault {
  return new Fault("config-exists", `${path} is already there, and init never overwrites a file.`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
