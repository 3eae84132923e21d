/**
 * TARGET_DB and MIGRATION_ID: a second, independent statement of what is to be moved where. Pipelines set them, and
 * where they are set they must agree with the file, so that the right file with the wrong environment (or the
 * other way round) stops before anything is opened.
 */
import { Fault } from "../errors.js";

export type Env = Readonly<Record<string, string | undefined>>;

/** Fault `environment-mismatch` when a variable is set and says something else than the file. */
export function demandAgreement(env: Env, migration: string, targetDatabase: string): void {
  const pairs = [
    ["MIGRATION_ID", "migration", migration],
    ["TARGET_DB", "target.url's database", targetDatabase],
  ] as const;
  for (const [name, key, value] of pairs) {
    const set = env[name];
    if (set === undefined || set === value) continue;
    throw new Fault(
      "environment-mismatch",
      `${name} is ${JSON.stringify(set)} in the environment, but ${key} in the file is ${JSON.stringify(value)}.`,
      { next: `Make ${name} and the file agree, or unset ${name}.` },
    );
  }
}
