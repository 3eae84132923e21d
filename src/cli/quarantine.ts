/**
 * Where a refused change waits: one file each in `.headgate/<migration>/quarantine`, for its owner's eyes only, since it
 * holds row values. It is on disk, its name too, before the engine says anything of it. Where it cannot be kept the lane
 * stands before it all the same.
 */
import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../errors.js";
import type { PoisonEvent } from "../stream/poison.js";

/** Writes the event whole; the same event again writes the same file. Fault file-refused: no room, no right. */
export async function keepPoison(stateDirectory: string, poison: PoisonEvent): Promise<string> {
  const directory = join(stateDirectory, "quarantine");
  const name = createHash("sha256").update(poison.id).digest("hex").slice(0, 24);
  const path = join(directory, `${name}.json`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await using file = await open(path, "w", 0o600);
    await file.writeFile(`${JSON.stringify(poison, null, 2)}\n`);
    await file.sync();
    // Without it a crash may take the name away.
    await using folder = await open(directory, "r");
    await folder.sync();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new Fault(
      "file-refused",
      `Change ${poison.id} (${poison.operation} in ${poison.table}) is refused (${poison.sentence}), and ${path}, where it is to be kept aside, cannot be written (${code}).`,
      {
        next: "Make room or give the right, then headgate resume, or headgate run where none runs.",
        facts: { id: poison.id, lane: poison.lane, table: poison.table },
        cause: error,
      },
    );
  }
  return path;
}
