/**
 * Rounds that outlive the process: each run's figures are appended to a file as soon as they are there, so that a bench
 * of twenty minutes can be run in pieces, whenever the machine is quiet. Only runs of the same build count together.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { load } from "./cpu.js";
import type { Figures } from "./figures.js";

/** One run of one contestant. Round 0 is the warm-up. */
export interface Run {
  readonly contestant: string;
  readonly round: number;
  readonly at: string;
  readonly build: string;
  /** The machine's load average when the run began. */
  readonly load: number;
  readonly figures: Figures;
}

/** What git says of the code that is measured; whatever is not committed makes it another one. */
export function buildNow(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
  const trees = git("rev-parse", "HEAD:src", "HEAD:connectors")
    .split(/\s+/u)
    .map((tree) => tree.slice(0, 8))
    .join("-");
  return git("status", "--porcelain", "src", "connectors") === "" ? trees : `${trees}-changed`;
}

export class Rounds {
  readonly #path: string;
  readonly #build: string;
  readonly #runs: Run[];

  constructor(path: string, build: string) {
    this.#path = path;
    this.#build = build;
    this.#runs = existsSync(path)
      ? readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Run)
          .filter((run) => run.build === build)
      : [];
  }

  /** Whether the contestant's run of this round is there already. */
  has(contestant: string, round: number): boolean {
    return this.#runs.some((run) => run.contestant === contestant && run.round === round);
  }

  /** Runs the contestant and keeps what it measured. */
  async measure(contestant: string, round: number, act: () => Promise<Figures>): Promise<void> {
    const [at, before] = [new Date().toISOString(), load()];
    const figures = await act();
    const run: Run = { contestant, round, at, build: this.#build, load: before, figures };
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${JSON.stringify(run)}\n`);
    process.stderr.write(
      `${round === 0 ? "warm-up" : `round ${String(round)}`}: ${contestant}: ${JSON.stringify(figures)}\n`,
    );
    this.#runs.push(run);
  }

  /** Runs that count: no warm-up, and no round that another contestant has not run too. */
  counted(contestants: readonly string[]): readonly Run[] {
    const whole = (round: number): boolean => contestants.every((name) => this.has(name, round));
    return this.#runs.filter((run) => run.round > 0 && whole(run.round));
  }
}
