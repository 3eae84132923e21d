/**
 * `demo`: the whole job on servers that it starts itself. It lives in the workshop (test/world/demo), because it
 * needs the stack; an installed package does not carry it and says where it is.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Fault } from "../errors.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

export async function demoVerb({ services, flags }: VerbContext): Promise<VerbResult> {
  const entry = fileURLToPath(new URL("../../test/world/demo/main.js", import.meta.url));
  if (!existsSync(entry))
    throw new Fault(
      "not-built-yet",
      "The demo starts servers from the workshop and is not part of the package.",
      {
        next: "Clone the repository and run: npm run demo",
      },
    );
  const child = spawn(process.execPath, [entry], {
    stdio: ["inherit", flags.json ? 2 : "inherit", "inherit"],
  });
  const stop = (): void => void child.kill("SIGTERM");
  services.signal.addEventListener("abort", stop, { once: true });
  const exit = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? 1);
    });
  });
  services.signal.removeEventListener("abort", stop);
  if (exit === 0) return { exit: 0, nextSteps: [], body: {}, human: [] };
  throw new Fault("bug", `The demo ended with exit code ${String(exit)}; its own output says why.`);
}
