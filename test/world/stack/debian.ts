/**
 * Debian packages with all their libraries, down to libc, unpacked into a private root: nothing is installed, the
 * system's package lists and status are neither read nor touched. An empty status file makes apt resolve every
 * dependency from scratch, which is what gives the private root a libc of its own; programs then run through the
 * private root's own loader. The mirror, proxy and credentials are those of the machine's apt configuration.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.js";
import { Refusal, say } from "./refusal.js";
import { run, tryRun } from "./tool.js";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

export interface DebianPackages {
  /** A suite such as bookworm or sid: fixed, so that a machine of another release gets the same server. */
  readonly suite: string;
  readonly packages: readonly string[];
}

/** Why Debian packages can't be used here; undefined when they can. */
export async function debianUnusable(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return "Debian packages need Linux on x64";
  if (!existsSync(keyring)) return `Debian packages need ${keyring} (package debian-archive-keyring)`;
  const mirror = await mirrorUri();
  return mirror === undefined ? "apt has no Debian mirror configured" : undefined;
}

/** The private root that holds the packages, fetched now when it isn't in the cache. */
export async function debianRoot(key: string, wanted: DebianPackages): Promise<string> {
  const folder = await cached(key, async (contents) => {
    const mirror = await mirrorUri();
    if (mirror === undefined) throw new Refusal(64, "apt has no Debian mirror configured.");
    await fetchInto(contents, mirror, wanted);
  });
  return join(folder, "root");
}

async function fetchInto(folder: string, mirror: string, wanted: DebianPackages): Promise<void> {
  const apt = join(folder, "apt");
  const archives = join(apt, "archives");
  for (const part of ["lists/partial", "archives/partial"]) mkdirSync(join(apt, part), { recursive: true });
  writeFileSync(join(apt, "status"), "");
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keyring}] ${mirror} ${wanted.suite} main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${apt}/sources.list`,
    `Dir::Etc::sourceparts=${apt}/none`,
    `Dir::Etc::preferences=${apt}/none`,
    `Dir::Etc::preferencesparts=${apt}/none`,
    `Dir::State::lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}`,
    `Dir::Cache::archives=${archives}`,
    "APT::Architecture=amd64",
    "APT::Install-Recommends=0",
    // The folders are ours alone, and apt's own account could not write to them.
    "APT::Sandbox::User=root",
    "Debug::NoLocking=1",
    "Acquire::Languages=none",
    // A mirror of sid may be past the date its index names.
    "Acquire::Check-Valid-Until=false",
    // Container images delete every download in such hooks.
    "DPkg::Post-Invoke=",
    "APT::Update::Post-Invoke=",
    "APT::Update::Post-Invoke-Success=",
    "APT::Keep-Downloaded-Packages=1",
    "Binary::apt-get::APT::Keep-Downloaded-Packages=1",
  ].flatMap((setting) => ["-o", setting]);
  const options = { env: { ...process.env, LC_ALL: "C" } };
  const what = wanted.packages.join(" ");
  say(`reading the package lists of Debian ${wanted.suite} for ${what}`);
  await run(["apt-get", ...settings, "-q", "update"], options);
  const install = ["install", ...wanted.packages];
  const forecast = await tryRun(["apt-get", ...settings, "--assume-no", ...install], options);
  say(`${what}: ${forecastOf(forecast.stdout)}`);
  await run(["apt-get", ...settings, "-q", "-y", "--download-only", ...install], options);
  const root = join(folder, "root");
  mkdirSync(root);
  for (const file of readdirSync(archives).filter((name) => name.endsWith(".deb"))) {
    await run(["dpkg-deb", "-x", join(archives, file), root]);
  }
  rmSync(apt, { recursive: true });
}

/** "59.8 MB to download, 338 MB on disk", from what apt says before it asks whether to go on. */
export function forecastOf(output: string): string {
  const download = /Need to get (?:[\d.,]+ [kMG]?B\/)?([\d.,]+ [kMG]?B)/.exec(output)?.[1];
  const disk = /After this operation, ([\d.,]+ [kMG]?B)/.exec(output)?.[1];
  return `${download ?? "an unknown amount"} to download, ${disk ?? "an unknown amount"} on disk`;
}

/** The machine's Debian mirror. Printing what an update would fetch works before any list has been fetched. */
async function mirrorUri(): Promise<string | undefined> {
  const planned = await tryRun(["apt-get", "update", "--print-uris", "-o", "Dir::State::lists=/nonexistent"]);
  return mirrorIn(planned.stdout);
}

export function mirrorIn(uris: string): string | undefined {
  return /^'([^']+\/debian\/)dists\//m.exec(uris)?.[1];
}
