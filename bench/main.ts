/** `npm run bench -- NAME [options]`: side-by-side benchmarks, each with its floor and its peers in one run. */
import { apply } from "./apply/main.js";
import { bulk } from "./bulk/main.js";
import { check } from "./check/main.js";
import { cutover } from "./cutover/main.js";
import { feed } from "./feed/main.js";
import { kafka } from "./kafka/main.js";
import { stream } from "./stream/main.js";
import { verifyAgain } from "./verify/again.js";
import { verifyBench } from "./verify/main.js";

function number(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} wants a number above 0`);
  return value;
}

const [name, ...rest] = process.argv.slice(2);
const options = rest.findIndex((word) => word.startsWith("--"));
const pieces = options < 0 ? rest : rest.slice(0, options);
if (name === "bulk")
  await bulk({
    scale: number("scale", 1),
    rounds: number("rounds", 5),
    seconds: number("seconds", Number.MAX_SAFE_INTEGER),
  });
else if (name === "apply")
  await apply({
    only: pieces.includes("dirty") ? "dirty" : "all",
    scale: number("scale", 1),
    rounds: number("rounds", 1),
  });
else if (name === "feed") await feed({ scale: number("scale", 1), rounds: number("rounds", 3) });
else if (name === "kafka") await kafka({ scale: number("scale", 1) });
else if (name === "stream") await stream(pieces, number("scale", 1));
else if (name === "cutover")
  await cutover({ rounds: number("rounds", 20), rate: number("rate", 500), scale: number("scale", 1) });
else if (name === "check") await check({ scale: number("scale", 1), rounds: number("rounds", 5) });
else if (name === "verify" && pieces.includes("again"))
  await verifyAgain({ scale: number("scale", 1), rounds: number("rounds", 3) });
else if (name === "verify")
  await verifyBench({ pieces, scale: number("scale", 1), rounds: number("rounds", 5) });
else {
  process.stderr.write(
    "npm run bench -- apply|bulk|check|cutover|feed|kafka|stream|verify [piece ...] [--scale 1] [--rounds 5] [--seconds N] [--rate 500]\n",
  );
  process.exitCode = 64;
}
