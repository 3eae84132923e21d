// Makes `npm run stack|demo` work on a fresh clone: installs the packages when they are not those of the lockfile,
// builds when a source is newer than the last build, then becomes the given program. Plain JavaScript without
// packages, because it runs before there are any. stdout stays the program's own; what is done here goes to stderr.
//
//   node test/world/bootstrap.mjs [--from FOLDER] dist/ENTRY.js ARGUMENTS...
//
// --from says which folder the entry's own code lives in, where it is less than everything: a change elsewhere then
// doesn't make it wait for a build.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const inRoot = (...parts) => join(root, ...parts);
const stamp = inRoot("dist", ".built");

const words = process.argv.slice(2);
const from = words[0] === "--from" ? words.splice(0, 2)[1] : undefined;
const [entry, ...rest] = words;
if (entry === undefined)
  throw new Error("usage: node test/world/bootstrap.mjs [--from FOLDER] dist/ENTRY.js ...");

if (!installed() || !built()) {
  withLock(inRoot("node_modules.lock"), () => {
    if (!installed()) install();
    if (!built()) build();
  });
}
process.argv = [process.argv[0], inRoot(entry), ...rest];
await import(pathToFileURL(inRoot(entry)).href);

// npm writes what it installed into node_modules/.package-lock.json. A newer one is taken on trust; an older one is
// compared, since a checkout or a commit touches the lockfile without changing what it says.
function installed() {
  const have = inRoot("node_modules", ".package-lock.json");
  const want = inRoot("package-lock.json");
  if (!existsSync(have)) return false;
  if (mtime(have) >= mtime(want)) return true;
  const there = JSON.parse(readFileSync(have, "utf8")).packages;
  const listed = Object.entries(JSON.parse(readFileSync(want, "utf8")).packages);
  return listed.every(
    ([path, { version, optional }]) => path === "" || optional === true || there[path]?.version === version,
  );
}

function install() {
  say("installing the packages of package-lock.json");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

// The stamp is as old as the moment before the build began: a file saved while tsc ran is newer than it.
function built() {
  if (!existsSync(stamp) || !existsSync(inRoot(entry))) return false;
  const at = mtime(stamp);
  const roots = from === undefined ? ["src", "connectors", "test", "bench"] : [from];
  return mtime(inRoot("tsconfig.json")) <= at && roots.every((folder) => isOlder(inRoot(folder), at));
}

function isOlder(folder, at) {
  if (!existsSync(folder)) return true;
  return readdirSync(folder, { withFileTypes: true }).every((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return isOlder(path, at);
    return !one.name.endsWith(".ts") || mtime(path) <= at;
  });
}

function build() {
  say("building");
  const began = new Date();
  if (!existsSync(inRoot(entry))) rmSync(inRoot("dist", ".tsbuildinfo"), { force: true });
  const tsc = inRoot("node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], {
    cwd: root,
    encoding: "utf8",
  });
  // tsc writes its output in spite of type errors, and `npm run build` is where they are held against us: a server
  // must be had while a file elsewhere is half written.
  if (status !== 0) {
    const lines = stdout.trim().split("\n");
    for (const line of lines.slice(0, 3)) say(`  ${line}`);
    say(`${lines.length} lines of type errors (npm run build shows them); going on with what was written`);
  }
  if (!existsSync(inRoot(entry))) throw new Error(`${entry} was not built`);
  writeFileSync(stamp, "");
  utimesSync(stamp, began, began);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status !== 0) {
    say(`${command} ${args[0]} ended with ${status}`);
    process.exit(1);
  }
}

// Two of these at once in one checkout: the same lock as stack/lock.ts, which can't be imported before it is built.
// The rename of a complete folder onto nothing or onto an empty folder is the one step that can't be shared; a dead
// owner's file is unlinked by its own name, so two that take over at once don't remove each other's.
function withLock(folder, work) {
  const ours = `${process.pid}_${Date.now()}`;
  const ready = `${folder}.${ours}`;
  mkdirSync(ready);
  writeFileSync(join(ready, ours), "");
  let told = false;
  while (!tries(() => renameSync(ready, folder), "ENOTEMPTY", "EEXIST")) {
    let owner;
    tries(() => ([owner] = readdirSync(folder)), "ENOENT");
    if (owner === undefined) continue;
    if (!isAlive(Number(owner.split("_")[0]))) {
      tries(() => unlinkSync(join(folder, owner)), "ENOENT");
      continue;
    }
    if (!told) say(`waiting for process ${owner.split("_")[0]}, which installs or builds here`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  process.once("exit", release);
  work();
  release();
  process.off("exit", release);

  function release() {
    tries(() => unlinkSync(join(folder, ours)), "ENOENT");
    tries(() => rmdirSync(folder), "ENOENT", "ENOTEMPTY", "EEXIST");
  }
}

function isAlive(pid) {
  return tries(() => process.kill(pid, 0), "ESRCH");
}

// True when it worked, false when it failed in one of the expected ways; any other failure is thrown.
function tries(act, ...expected) {
  try {
    act();
    return true;
  } catch (error) {
    if (expected.includes(error.code)) return false;
    throw error;
  }
}

function mtime(path) {
  return statSync(path).mtimeMs;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
