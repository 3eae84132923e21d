/**
 * An account that the fence is to lock and that Headgate itself logs in as: root, most of the time. Told by the words of the
 * config alone, so that `check` says it days before a cutover refuses it, with or without source.admin.
 */
import type { Finding } from "../model.js";

/** `accounts`: cutover.fence.accounts. `logins`: who each key of the config logs in as. */
export function ownAccountFindings(
  accounts: readonly string[],
  logins: Readonly<Record<string, string | null>>,
): readonly Finding[] {
  return accounts.flatMap((entry) => {
    const keys = Object.entries(logins).flatMap(([key, user]) =>
      // With a host it may be another account of that name; which one answers is the server's to say.
      user !== null && (entry === user || entry.startsWith(`${user}@`)) ? [key] : [],
    );
    if (keys.length === 0) return [];
    return [
      {
        ...{ code: "fence-own-account", severity: "error" as const, object: `account.${entry}` },
        sentence: `cutover.fence.accounts names ${entry}, which Headgate itself logs in as (${keys.join(", ")}): it would shut itself out.`,
        fix: "Name the application's accounts there, and give source.url and source.admin accounts of their own.",
        ...{ count: 1, sampleKeys: [] },
      },
    ];
  });
}
