/**
 * The machine's Java, for the servers that are Java programs: on JAVA_HOME or on PATH, new enough for Kafka 4. The
 * stack does not fetch one: a JDK finds its own libraries by the path of its program, which a private root hides.
 */
import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { reachable, serverAccount } from "./place.js";
import { tryRun } from "./tool.js";

/** The oldest that Kafka 4 and Debezium 3 run on. */
const oldest = 17;

/** The command that installs what is missing. */
export function javaHelp(platform: string): string {
  return platform === "darwin"
    ? "brew install openjdk@17 maven"
    : "sudo apt-get install --no-install-recommends default-jre-headless maven";
}

/** The major version in what `java -version` prints; undefined where it says none. */
export function javaVersion(output: string): number | undefined {
  const found = /version "(\d+)(?:\.(\d+))?/.exec(output);
  if (found === null) return undefined;
  // Java 8 and older call themselves 1.8.
  return Number(found[1] === "1" ? found[2] : found[1]);
}

/** A Java that runs the servers, or why there is none. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string | { unusable: string }> {
  const home = env["JAVA_HOME"];
  const folders = (env["PATH"] ?? "").split(delimiter).filter((part) => part !== "");
  const tooOld: string[] = [];
  for (const folder of [...(home === undefined || home === "" ? [] : [join(home, "bin")]), ...folders]) {
    const file = join(folder, "java");
    if (!existsSync(file)) continue;
    const real = realpathSync(file);
    if (!reachable(real, serverAccount())) continue;
    const { code, stderr, stdout } = await tryRun([real, "-version"]);
    const version = code === 0 ? javaVersion(`${stderr}${stdout}`) : undefined;
    if (version !== undefined && version >= oldest) return real;
    tooOld.push(`${file} is ${version === undefined ? "no Java that runs" : `Java ${String(version)}`}`);
  }
  const found = tooOld.length === 0 ? "there is no java on PATH or JAVA_HOME" : tooOld.join(", ");
  return { unusable: `needs Java ${String(oldest)} or newer; ${found}` };
}
