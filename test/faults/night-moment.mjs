// Preloaded into a headgate process: at a named moment of a cutover or a rollback it dies by -9, or stands still until the
// test has killed somebody else. The moments are those of the journal, whose lines are on the disk before and after each act:
// `before`, the line about-to is there and nothing is done; `during`, so many packets of the act have left, or all of it is done
// and the line that says so is not written; `after`, that line is there. Nothing in the product knows of it.
import { existsSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";

const { step, line, packets, ports, act, met, goOn } = JSON.parse(process.env.HEADGATE_NIGHT_MOMENT);

let over = false;
/** Packets that are still to leave; null where nobody counts. */
let left = null;

function reached(how) {
  if (over) return;
  over = true;
  left = null;
  writeFileSync(met, how);
  // Both are synchronous, so that not even a packet that waits in the process leaves after it.
  if (act === "die") process.kill(process.pid, "SIGKILL");
  const still = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(goOn)) Atomics.wait(still, 0, 0, 5);
}

const probe = await open("/dev/null", "a");
const handle = Object.getPrototypeOf(probe);
await probe.close();
const { appendFile, datasync } = handle;
const lines = new WeakMap();

handle.appendFile = async function (text, ...rest) {
  let entry = null;
  try {
    entry = JSON.parse(String(text));
  } catch {
    // Another file, which is not made of lines of JSON.
  }
  const ours = entry?.step === step && typeof entry?.number === "number" ? entry : null;
  if (ours !== null) lines.set(this, ours);
  if (line === "during" && left !== null && ours?.phase !== "about-to") reached("acted");
  return appendFile.call(this, text, ...rest);
};

handle.datasync = async function () {
  const done = await datasync.call(this);
  const entry = lines.get(this);
  lines.delete(this);
  if (entry === undefined || over) return done;
  if (line === "during") {
    if (entry.phase === "about-to") left = packets;
  } else if (entry.phase === line) reached(line);
  return done;
};

const { write } = Socket.prototype;
Socket.prototype.write = function (...what) {
  const written = write.apply(this, what);
  if (left !== null && ports.includes(this.remotePort) && --left <= 0) reached("packet");
  return written;
};
