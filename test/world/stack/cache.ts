/**
 * Unpacked downloads, kept for every checkout of this user. One is filled in a folder beside its place and then
 * renamed into it, so that what lies in the cache is always whole; a lock keeps two checkouts from fetching the
 * same thing at once.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.js";
import { cacheFolder } from "./place.js";

/** The folder of `key` in the cache; `fill` is given an empty folder when there is none yet. */
export async function cached(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const cache = cacheFolder();
  const place = join(cache, key);
  if (existsSync(place)) return place;
  return withLock(join(cache, `${key}.lock`), async () => {
    if (existsSync(place)) return place;
    mkdirSync(cache, { recursive: true });
    const draft = mkdtempSync(join(cache, `${key}.draft-`));
    try {
      const contents = join(draft, "contents");
      mkdirSync(contents, { mode: 0o755 });
      await fill(contents);
      renameSync(contents, place);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    return place;
  });
}
