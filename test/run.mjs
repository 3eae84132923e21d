// npm test: everything, from a fresh clone with nothing installed to one last line `N passed, N failed, N skipped`.
// Plain JavaScript and only Node's own modules, because it runs before there are any others. Checks that are no tests
// (install, build, format, lint, dead code, servers) count as one each. A test that is skipped must say why, or it
// counts as failed (test/reporter.mjs).
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(dirname(new URL(import.meta.url).pathname), "..");
const stack = "dist/test/world/stack/main.js";
const corpusName = "shared/corpus";

const started = Date.now();
const total = { passed: 0, failed: 0, skipped: [], failures: [] };
const times = [];
const running = new Set();
// Sets of servers that were brought up: the folder of each that is not the stack's usual one, and what ran there before.
const sets = [];
let stopping = false;

// Runs a program and waits for its end. `show` lets its output through as it comes; otherwise it is handed back.
function run(command, args, { show = false, env = {}, last = false } = {}) {
  return new Promise((done) => {
    // After Ctrl-C nothing new begins, but for what stops the servers.
    if (stopping && !last) return;
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
    });
    running.add(child);
    const out = [];
    const err = [];
    child.stdout?.on("data", (bytes) => out.push(bytes));
    child.stderr?.on("data", (bytes) => err.push(bytes));
    const text = (parts) => Buffer.concat(parts).toString("utf8");
    const end = (code) => {
      running.delete(child);
      if (stopping && !last) return;
      done({ code, out: text(out), err: text(err) });
    };
    child.on("error", (error) => {
      err.push(Buffer.from(`${error.message}\n`));
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

async function timed(name, act) {
  const from = Date.now();
  const result = await act();
  times.push([name, (Date.now() - from) / 1000]);
  return result;
}

// One check that is no test: counted, and its output shown when it fails.
async function check(name, command, args, env = {}) {
  const result = await timed(name, () => run(command, args, { env }));
  if (result.code === 0) {
    total.passed += 1;
    console.log(`ok      ${name}`);
    return result;
  }
  total.failed += 1;
  total.failures.push(`check: ${name}`);
  console.log(`FAILED  ${name}\n${result.out}${result.err}`);
  return result;
}

// What packages, servers' files and logs of a whole run take, with room to spare.
const neededGigabytes = 12;

const gigabytesFree = () => {
  const { bavail, bsize } = statfsSync(root);
  return (bavail * bsize) / 2 ** 30;
};

// Where 90 % are used the engine under test pauses by itself (its target's disk is full): a disk that fills up on the way
// shows as tests that wait, one after another, and as servers that die at its end. So it is asked before anything else.
function diskSuffices() {
  const { blocks, bfree, bavail, bsize } = statfsSync(root);
  const used = blocks - bfree;
  const afterwards = (used * bsize + neededGigabytes * 2 ** 30) / ((used + bavail) * bsize);
  const words = `${gigabytesFree().toFixed(0)} GiB free, at most ${(afterwards * 100).toFixed(0)} % used at the end`;
  if (afterwards < 0.9) {
    total.passed += 1;
    console.log(`ok      disk: ${words}`);
    return true;
  }
  total.failed += 1;
  total.failures.push(`check: disk: ${words}, and past 90 % a copy waits`);
  return false;
}

// npm's own note of what it installed, held against the lock: equal means that nothing needs to be installed again.
function installed() {
  const note = join(root, "node_modules/.package-lock.json");
  if (!existsSync(note)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const have = packages(note);
  return Object.entries(packages(join(root, "package-lock.json"))).every(
    ([path, wanted]) =>
      path === "" ||
      (have[path]?.version ?? (wanted.optional ? wanted.version : undefined)) === wanted.version,
  );
}

const bin = (name, ...args) => [process.execPath, [`node_modules/${name}`, ...args]];

// What computes and waits for nobody, beside what waits for servers: it has what that leaves of the cores and little more.
// Not the least that there is: where somebody else keeps the machine busy it would never end.
const behind = ([command, args]) => ["nice", ["-n", "5", command, ...args]];

const placed = (folder) => (folder === undefined ? {} : { HEADGATE_STACK_DATA: folder });

// Names of the stack's servers that run in this checkout, or in the folder.
async function serversUp(folder, last = false) {
  const { code, out, err } = await run(process.execPath, [stack, "ps", "--json"], {
    last,
    env: placed(folder),
  });
  if (code !== 0) throw new Error(`the stack can't say what runs: ${err}`);
  return Object.keys(JSON.parse(out));
}

async function bringUp(what, names, folder) {
  // Nobody but a run that was killed leaves servers in a second set.
  sets.push({ folder, before: folder === undefined ? await serversUp() : [] });
  if (names.length === 0) return true;
  const up = [stack, "up", ...names, "--json"];
  return (await check(what, process.execPath, up, placed(folder))).code === 0;
}

// Servers of one's own, where they are named, take the place of the stack's. Where none are, a second set is brought up
// for the second of two workers (test/world/second-servers-setup.ts); resolves to its folder.
async function startServers() {
  if (!existsSync(join(root, stack))) {
    total.failed += 1;
    total.failures.push("check: servers");
    return console.log(`FAILED  servers\n${stack} was not built`);
  }
  const sources = process.env["HEADGATE_TEST_SOURCE_URL"] ? [] : ["mysql9", "mariadb"];
  const names = [...sources, ...(process.env["HEADGATE_TEST_TARGET_URL"] ? [] : ["postgres18"])];
  if (!(await bringUp("servers", names)) || names.length < 3) return undefined;
  const { dataFolder } = await import("../dist/test/world/stack/place.js");
  const second = join(dataFolder(), "second");
  return (await bringUp("servers, the second set", names, second)) ? second : undefined;
}

// Stops what was started here or by a test; what ran before is somebody's, and stays.
async function stopServers() {
  for (const { folder, before } of sets.splice(0)) {
    const names = (await serversUp(folder, true)).filter((name) => !before.includes(name));
    if (names.length === 0) continue;
    const down = [stack, "down", ...names];
    const { code, err } = await run(process.execPath, down, { last: true, env: placed(folder) });
    if (code !== 0) console.log(`servers were not stopped: ${err}`);
  }
}

// One run of vitest. Where another one is under way its output is shown when it has ended.
async function runProjects(projects, folder, { second, beside = false } = {}) {
  const name = projects.join(" and ");
  const count = join(folder, `${projects.join("-")}.json`);
  const named = projects.flatMap((project) => ["--project", project]);
  const vitest = bin("vitest/vitest.mjs", "run", ...named, "--passWithNoTests");
  vitest[1].push("--reporter=default", "--reporter=./test/reporter.mjs");
  const head = `\n== ${name} (${gigabytesFree().toFixed(0)} GiB of disk free)`;
  if (!beside) console.log(head);
  const { code, out, err } = await timed(`tests: ${name}`, () =>
    run(...(beside ? behind(vitest) : vitest), {
      show: !beside,
      env: { HEADGATE_TEST_COUNT: count, ...(second === undefined ? {} : { HEADGATE_TEST_SECOND: second }) },
    }),
  );
  if (beside) console.log(`${head}\n${out}${err}`);
  const found = existsSync(count)
    ? JSON.parse(readFileSync(count, "utf8"))
    : { passed: 0, failed: 0, skipped: [], failures: [] };
  if (code !== 0 && found.failed === 0) {
    found.failed += 1;
    found.failures.push(`${name}: vitest ended with ${code}`);
  }
  total.passed += found.passed;
  total.failed += found.failed;
  total.skipped.push(...found.skipped);
  total.failures.push(...found.failures);
  return found.passed + found.failed;
}

function summary(ran) {
  if (ran === 0) {
    total.failed += 1;
    total.failures.push("no test was executed");
  }
  console.log("\nTimes:");
  for (const [name, seconds] of times) console.log(`  ${seconds.toFixed(1).padStart(7)} s  ${name}`);
  console.log(`  ${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  in all`);
  if (total.skipped.length > 0) console.log("\nSkipped:");
  for (const { test, reason } of total.skipped) console.log(`  ${test}: ${reason}`);
  const corpus = total.skipped.filter(({ reason }) => reason.includes(corpusName)).length;
  if (corpus > 0) console.log(`\nWARNING: ${corpus} tests were skipped because ../${corpusName} is absent.`);
  if (total.failures.length > 0) console.log("\nFailed:");
  for (const name of total.failures) console.log(`  ${name}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
  return total.failed === 0 ? 0 : 1;
}

async function main() {
  if (!diskSuffices()) return summary(0);
  if (installed()) times.push(["install (nothing to do)", 0]);
  else if ((await check("install", "npm", ["ci", "--no-audit", "--no-fund"])).code !== 0) return summary(0);
  // The linter takes as long as all the others and has what they and the first tests leave of the cores; the servers come
  // up (the first time: are downloaded) as soon as there is a build to bring them up with.
  const linted = check("lint", ...behind(bin("eslint/bin/eslint.js", ".", "--max-warnings", "0")));
  await check("build", ...bin("typescript/bin/tsc", "-p", "tsconfig.json"));
  const [second] = await Promise.all([
    startServers(),
    (async () => {
      await check("format", ...bin("prettier/bin/prettier.cjs", "--check", "."));
      await check("dead code", ...bin("knip/bin/knip.js"));
    })(),
  ]);
  const folder = mkdtempSync(join(tmpdir(), "headgate-test-"));
  let ran = 0;
  try {
    ran += await runProjects(["unit"], folder);
    // World and faults are one run: its two workers go on with one where the other's last files are under way.
    const both = await Promise.all([
      runProjects(["world", "faults"], folder, { second }),
      runProjects(["simulation"], folder, { beside: true }),
    ]);
    for (const each of both) ran += each;
    await linted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await timed("servers down", stopServers);
  }
  return summary(ran);
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.once(signal, () => {
    stopping = true;
    for (const child of running) child.kill(signal);
    stopServers().finally(() => process.exit(code));
  });

process.exitCode = await main();
