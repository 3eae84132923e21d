/**
 * Where a refused change waits: one file each in `.headgate/<migration>/quarantine`, for its owner's eyes only, since it
 * holds row values. It is on disk before the engine says anything of it.
 */
import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { PoisonEvent } from "../stream/poison.js";

/** Writes the event whole; the same event again writes the same file. */
export async function keepPoison(stateDirectory: string, poison: PoisonEvent): Promise<string> {
  const directory = join(stateDirectory, "quarantine");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const name = createHash("sha256").update(poison.id).digest("hex").slice(0, 24);
  const path = join(directory, `${name}.json`);
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(poison, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
}
