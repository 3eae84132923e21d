/**
 * Where things lie: downloads in the user's cache, data in the checkout. Database servers refuse to run as root, so
 * as root they run under an unprivileged account, and every folder above their files must be passable for it; a
 * checkout or a cache under a 0700 home is not, and then both move to a temp folder that only we can have made.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Refusal } from "./refusal.js";

/** Undefined: the servers run as whoever runs the stack. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

/** The overflow id, "nobody" nearly everywhere: no useradd, and nothing of the system's belongs to it. */
const unprivileged = { uid: 65534, gid: 65534 };

/** Not by name: a container may run as an account that its password file does not have. */
const ownUid = (): number => process.getuid?.() ?? -1;

export function serverAccount(): Account {
  return ownUid() === 0 ? unprivileged : undefined;
}

/** The part of a stat that says who may pass a folder. */
export interface Gate {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Whether the account may pass a folder, by the x bit of the one class it falls in. */
export function mayPass(gate: Gate, account: { readonly uid: number; readonly gid: number }): boolean {
  if (gate.uid === account.uid) return (gate.mode & 0o100) !== 0;
  if (gate.gid === account.gid) return (gate.mode & 0o010) !== 0;
  return (gate.mode & 0o001) !== 0;
}

/** Whether the account can reach `path`: every existing folder on the way, itself included, lets it pass. */
export function reachable(path: string, account: Account, look: (path: string) => Gate = statSync): boolean {
  if (account === undefined) return true;
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at) && !mayPass(look(at), account)) return false;
    if (dirname(at) === at) return true;
  }
}

/** The checkout this file belongs to, whether it runs from the sources or from dist. */
export function checkout(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "package.json"))) {
    if (dirname(at) === at) throw new Refusal(1, "No package.json above the stack's own code.");
    at = dirname(at);
  }
  return at;
}

/** Where unpacked servers are kept for every checkout of this user. */
export function cacheFolder(): string {
  const wanted = process.env["XDG_CACHE_HOME"];
  const usual = join(wanted === undefined || wanted === "" ? join(homedir(), ".cache") : wanted, "headgate");
  if (reachable(usual, serverAccount()) && canMake(usual)) return usual;
  return ownFolder(`/var/tmp/headgate-cache-${String(ownUid())}`);
}

/** Where this checkout's servers keep data, logs, locks and their state. HEADGATE_STACK_DATA names another place. */
export function dataFolder(root = checkout()): string {
  const named = process.env["HEADGATE_STACK_DATA"];
  if (named !== undefined && named !== "") {
    if (reachable(named, serverAccount()) && canMake(named)) return realpathSync(named);
    throw new Refusal(
      64,
      `HEADGATE_STACK_DATA=${named}: the servers' account can't pass there, or it is not ours.`,
    );
  }
  const usual = join(root, ".stack");
  if (reachable(root, serverAccount()) && canMake(usual)) return usual;
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return ownFolder(join(tmpdir(), `headgate-stack-${String(ownUid())}-${hash}`));
}

/** Makes a folder the servers write to, and hands it to their account. */
export function serverFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const account = serverAccount();
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  return path;
}

/** Gives a whole folder to the servers' account. */
export function handToServer(path: string): void {
  const account = serverAccount();
  if (account === undefined) return;
  for (const entry of ["", ...readdirSync(path, { recursive: true, encoding: "utf8" })]) {
    lchownSync(join(path, entry), account.uid, account.gid);
  }
}

function canMake(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    if (error instanceof Error && "code" in error) return false; // a read-only or foreign checkout
    throw error;
  }
  return lstatSync(path).uid === ownUid();
}

/** A folder in a shared temp folder: somebody else may have put one there to have us run their programs. */
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== ownUid()) {
    throw new Refusal(64, `${path} exists and is not a folder of ours.`, `rm -r ${path}`);
  }
  chmodSync(path, 0o755);
  return path;
}
