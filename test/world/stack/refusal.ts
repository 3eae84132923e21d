/**
 * What the stack can't do, as a sentence and the one command that would help. The stack has its own error class
 * because it must run where src does not build, and because its exit code is always that of a wrong use (64) or of
 * a server that failed (1).
 */

export class Refusal extends Error {
  override readonly name = "Refusal";
  /** 64: nothing here can do that; 1: it should have worked and did not. */
  readonly exit: 1 | 64;
  /** One command line or act, shown after the sentence. */
  readonly next: string | undefined;

  constructor(exit: 1 | 64, sentence: string, next?: string) {
    super(sentence);
    this.exit = exit;
    this.next = next;
  }
}

/** Progress goes to stderr, so that stdout holds nothing but the answer. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The sentence of anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
