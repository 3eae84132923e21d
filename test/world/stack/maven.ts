/**
 * Java programs from the Maven repository that the machine is set up with (its own settings.xml): a list of artifacts
 * with all that they need, as a folder of jars. Every version is written out, since a range makes Maven ask other
 * repositories that somebody's pom names. What is fetched on the way stays in the cache, apart from the user's own.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./place.js";
import { run, tryRun } from "./tool.js";

/** group:artifact:version */
export type Artifact = `${string}:${string}:${string}`;

/** Why Maven can't be used here; undefined when it can. */
export async function mavenUnusable(): Promise<string | undefined> {
  const { code } = await tryRun(["mvn", "-version"]);
  return code === 0 ? undefined : "there is no mvn on PATH that runs";
}

/** Copies the jars of the artifacts, and of all that these need to run, into `folder`. */
export async function mavenJars(folder: string, artifacts: readonly Artifact[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const pom = `${folder}.pom.xml`;
  writeFileSync(pom, pomOf(artifacts));
  await maven(["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${folder}`], pom);
}

/** One file of an artifact, with nothing that it needs: `group:artifact:version:type:classifier`. Gives its path. */
export async function mavenFile(artifact: Artifact, type: string, classifier: string): Promise<string> {
  const [group = "", name = "", version = ""] = artifact.split(":");
  const wanted = `-Dartifact=${artifact}:${type}:${classifier}`;
  await maven(["dependency:get", wanted, "-Dtransitive=false"]);
  const file = `${name}-${version}-${classifier}.${type}`;
  return join(repository(), ...group.split("."), name, version, file);
}

async function maven(words: readonly string[], pom?: string): Promise<void> {
  const file = pom === undefined ? [] : ["-f", pom];
  await run(["mvn", "-B", "-q", `-Dmaven.repo.local=${repository()}`, ...words, ...file]);
}

function repository(): string {
  return join(cacheFolder(), "maven");
}

function pomOf(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group = "", name = "", version = ""] = artifact.split(":");
    return `    <dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>headgate</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
${dependencies.join("\n")}
  </dependencies>
</project>
`;
}
