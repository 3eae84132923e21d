/**
 * `npm run stack -- up NAME... | down [NAME...] | ps`. stdout holds the answer only: with --json one object.
 * Exit codes: 0; 1 a server failed; 64 a wrong use, or nothing here that could run what was asked for.
 */
import { parseArgs } from "node:util";
import { isName, names } from "./names.js";
import type { Name } from "./names.js";
import { providers } from "./programs.js";
import type { Provider } from "./programs.js";
import { Refusal, say } from "./refusal.js";
import { down, list, up } from "./servers.js";

const usage = `npm run stack -- up NAME... [--json] [--provider ${providers.join("|")}]
npm run stack -- down [NAME...]
npm run stack -- ps [--json]
servers: ${names.join(" ")}`;
const example = "npm run --silent stack -- up mysql9 postgres18 --json";

async function main(words: readonly string[]): Promise<void> {
  const { values, positionals } = parsed(words);
  const [verb, ...rest] = positionals;
  const asked = rest.map(asName);
  const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  if (verb === "up" && asked.length > 0) {
    const servers = await up(asked, asProvider(values.provider ?? "auto"));
    if (values.json === true) print(servers);
    else
      for (const [name, { url, pid }] of Object.entries(servers)) console.log(`${name}  ${url}  pid ${pid}`);
  } else if (verb === "down") {
    const stopped = await down(asked.length === 0 ? names : asked);
    if (values.json === true) print(stopped);
    else console.log(stopped.length === 0 ? "nothing ran" : `stopped ${stopped.join(", ")}`);
  } else if (verb === "ps" && asked.length === 0) {
    const servers = list();
    if (values.json === true) print(Object.fromEntries(servers.map(({ name, ...one }) => [name, one])));
    else if (servers.length === 0) console.log("nothing runs");
    else
      for (const one of servers)
        console.log(`${one.name}  ${one.version} (${one.provider})  ${one.url}  pid ${one.pid}`);
  } else if (values.help === true) {
    console.log(`${usage}\nExample: ${example}`);
  } else {
    throw new Refusal(64, usage, example);
  }
}

function parsed(words: readonly string[]): {
  values: { json?: boolean | undefined; help?: boolean | undefined; provider?: string | undefined };
  positionals: string[];
} {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        provider: { type: "string" },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(64, error.message, example);
    throw error;
  }
}

function asName(word: string): Name {
  if (isName(word)) return word;
  throw new Refusal(
    64,
    `No server is called ${JSON.stringify(word)}. There are: ${names.join(" ")}`,
    example,
  );
}

function asProvider(word: string): Provider {
  const found = providers.find((one) => one === word);
  if (found === undefined) throw new Refusal(64, `--provider is one of ${providers.join(", ")}.`, example);
  return found;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  say(error.message);
  if (error.next !== undefined) say(`try: ${error.next}`);
  process.exitCode = error.exit;
}
