/**
 * Where a server's programs come from. A server of the right version that is already on the machine costs nothing;
 * packages from the machine's own registries cost a download; Docker is what is left. `auto` takes the first that
 * fits; where none does, the refusal names each reason and the one command that would help.
 */
import { containerCommand, dockerUnusable } from "./docker.js";
import { javaHelp } from "./java.js";
import { isJava } from "./java-programs.js";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import type { Programs } from "./offer.js";
import { programsFromPackages } from "./packages.js";
import { programsOnPath } from "./path.js";
import { Refusal } from "./refusal.js";

export const providers = ["auto", "path", "packages", "docker"] as const;
export type Provider = (typeof providers)[number];

/** The programs for `name`. Throws Refusal (64) where no asked provider has them. */
export async function findPrograms(name: Name, provider: Provider): Promise<Programs> {
  const reasons: string[] = [];
  const asked = (one: Provider): boolean => provider === "auto" || provider === one;
  for (const [source, offer] of [
    ["path", programsOnPath],
    ["packages", programsFromPackages],
  ] as const) {
    if (!asked(source)) continue;
    const found = await offer(name);
    if (!("unusable" in found)) return found;
    reasons.push(`${source}: ${found.unusable}`);
  }
  if (asked("docker")) {
    const unusable = await dockerUnusable();
    if (unusable === undefined) {
      const sentence = `${kinds[name].title} can only run in Docker here, and the stack does not drive Docker itself.`;
      throw new Refusal(64, sentence, containerCommand(name));
    }
    reasons.push(`docker: ${unusable}`);
  }
  const list = reasons.map((reason) => `\n  ${reason}`).join("");
  throw new Refusal(64, `No way to run ${kinds[name].title} here:${list}`, helpFor(name, provider));
}

/** The one command that would make the asked provider work. */
export function helpFor(name: Name, provider: Provider, platform: string = process.platform): string {
  if (provider === "docker") {
    return platform === "linux" ? "sudo systemctl start docker" : "open -a Docker";
  }
  if (provider === "path") return `npm run --silent stack -- up ${name} --provider packages`;
  if (isJava(name)) return javaHelp(platform);
  const { family } = kinds[name];
  if (provider === "packages" && family !== "postgres") {
    return "sudo apt-get install debian-archive-keyring # on Debian; elsewhere: --provider docker";
  }
  if (platform === "darwin") {
    const formula = { mysql: "mysql", mariadb: "mariadb@10.11", postgres: "postgresql" }[family];
    return `brew install ${family === "postgres" ? `${formula}@${name.slice(-2)}` : formula}`;
  }
  return "sudo systemctl start docker # or install Docker";
}
