/**
 * The last question before production is written to: the target database's name, typed by a person or passed with
 * --confirm off a terminal. A name and not "yes", because on a bad night everybody answers yes. Off a terminal
 * nothing is asked, so nothing can hang.
 */
import { Fault } from "../errors.js";

export interface Confirmation {
  readonly environment: "production" | "staging" | "development";
  /** The target database's name. */
  readonly database: string;
  /** What --confirm said. */
  readonly confirm: string | undefined;
  /** Whether a person sits at both ends. */
  readonly terminal: boolean;
  readonly ask: (question: string) => Promise<string>;
}

/** Resolves when the act is confirmed; else Fault `confirm-missing`. A wrong --confirm is refused in every environment. */
export async function confirmTarget(confirmation: Confirmation): Promise<void> {
  const { environment, database, confirm, terminal, ask } = confirmation;
  if (confirm !== undefined) {
    demand(confirm, database, "--confirm names");
    return;
  }
  if (environment !== "production") return;
  if (!terminal)
    throw new Fault(
      "confirm-missing",
      `environment is production, so the target database's name must be confirmed, and nobody is at a terminal to type it. Nothing was written.`,
      { next: `Pass --confirm ${quoted(database)}` },
    );
  const typed = await answer(ask);
  demand(typed.replace(/\r?\n$/u, ""), database, "What was typed is");
}

/** Ctrl-C and Ctrl-D at the question are answers too: readline rejects with an AbortError for both. */
async function answer(ask: Confirmation["ask"]): Promise<string> {
  try {
    return await ask("environment is production. Type the target database's name to go on: ");
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    throw new Fault(
      error.message.includes("Ctrl+C") ? "interrupted" : "confirm-missing",
      "The target database's name was not typed. Nothing was written.",
      { cause: error },
    );
  }
}

function demand(given: string, database: string, said: string): void {
  if (given === database) return;
  throw new Fault(
    "confirm-missing",
    given.trim() === ""
      ? `No name was given; the target database is ${JSON.stringify(database)}. Nothing was written.`
      : `${said} ${JSON.stringify(given)}, the target database is ${JSON.stringify(database)}. Nothing was written.`,
  );
}

/** For a shell. */
export function quoted(name: string): string {
  return /^[\w.-]+$/u.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}
