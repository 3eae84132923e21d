/**
 * The fence's account of a test's database, known by its name: it alone may be an administrator among those that Headgate
 * logs in as in tests. In a file of its own because every engine of a test loads it.
 */
import { createHash } from "node:crypto";

export function nightName(database: string): string {
  return `hgn_${createHash("sha256").update(database).digest("hex").slice(0, 12)}`;
}

/** Whether a login is the fence's. */
export function isNightName(user: string): boolean {
  return /^hgn_[0-9a-f]{12}$/u.test(user);
}
