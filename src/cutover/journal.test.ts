// The journal's file: what was appended is read, a torn last line is cut off and told, one torn earlier is no crash's doing.
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openJournal, readJournal } from "./journal.js";
import type { FileJournal } from "./journal.js";

let folder: string;
let path: string;
let torn: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-journal-"));
  path = join(folder, "20260101_shop", "journal.jsonl");
  torn = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = (elsewhere = {}): Promise<FileJournal> =>
  openJournal({
    path,
    today: () => new Date("2026-01-01T00:00:00Z"),
    onTorn: (bytes) => torn.push(bytes),
    ...elsewhere,
  });
const entry = (step: string) =>
  ({ cutover: "20260101_shop-1", step, phase: "about-to", note: { a: 1 } }) as const;

it("is read by whoever comes next, and goes on behind what is there", async () => {
  {
    await using journal = await open();
    await journal.append(entry("fence"));
  }
  await using journal = await open();
  await journal.append(entry("drain"));
  const { entries } = await readJournal(path);
  expect(entries).toEqual([
    { number: 1, ...entry("fence"), at: "2026-01-01T00:00:00.000Z" },
    { number: 2, ...entry("drain"), at: "2026-01-01T00:00:00.000Z" },
  ]);
  expect(journal.entries).toEqual(entries);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(torn).toEqual([]);
});

it("cuts off a last line wherever it is torn", async () => {
  {
    await using journal = await open();
    await journal.append(entry("fence"));
    await journal.append(entry("drain"));
  }
  const whole = await readFile(path);
  const first = whole.indexOf(10) + 1;
  for (let bytes = first + 1; bytes < whole.length; bytes += 9) {
    await writeFile(path, whole.subarray(0, bytes));
    expect((await readJournal(path)).entries).toHaveLength(1);
    torn = [];
    await using journal = await open();
    expect(torn).toEqual([bytes - first]);
    await journal.append(entry("proof"));
    expect((await readJournal(path)).entries.map(({ step }) => step)).toEqual(["fence", "proof"]);
  }
});

it("goes on from nothing that is torn before the last line, or whose numbers have a gap", async () => {
  {
    await using journal = await open();
    for (const step of ["fence", "drain", "proof"]) await journal.append(entry(step));
  }
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  await writeFile(path, `${[lines[0], lines[1]!.slice(0, 20), lines[2]].join("\n")}\n`);
  await expect(open()).rejects.toMatchObject({ code: "journal-unreadable", exit: 6 });
  await writeFile(path, `${[lines[0], lines[2]].join("\n")}\n`);
  await expect(readJournal(path)).rejects.toMatchObject({ code: "journal-unreadable" });
});

it("takes what the ledger has where the file is lost, and nothing where it has as much", async () => {
  {
    await using journal = await open();
    await journal.append(entry("fence"));
    await journal.append(entry("drain"));
  }
  const { entries } = await readJournal(path);
  await rm(path);
  {
    await using journal = await open({ elsewhere: entries });
    expect(journal.entries).toEqual(entries);
  }
  await using journal = await open({ elsewhere: entries.slice(0, 1) });
  expect(journal.entries).toEqual(entries);
});

it("has one writer: who comes second to a line writes none, and the file stays whole", async () => {
  await using one = await open();
  await one.append(entry("fence"));
  await using other = await open();
  await other.append(entry("drain"));
  await expect(one.append(entry("proof"))).rejects.toMatchObject({ code: "file-refused" });
  await other.append(entry("keys"));
  expect((await readJournal(path)).entries.map(({ step }) => step)).toEqual(["fence", "drain", "keys"]);
});

it("answers for nothing more once a write has failed", async () => {
  const journal = await open();
  await journal.append(entry("fence"));
  await journal[Symbol.asyncDispose]();
  await expect(journal.append(entry("drain"))).rejects.toMatchObject({ code: "file-refused" });
  await appendFile(path, "");
  await expect(journal.append(entry("drain"))).rejects.toMatchObject({ code: "file-refused" });
});

it("numbers what two write at once one after the other", async () => {
  const steps = ["drain", "leave-out", "proof", "page"];
  {
    await using journal = await open();
    await Promise.all(steps.map((step) => journal.append(entry(step))));
  }
  const { entries } = await readJournal(path);
  expect(entries.map(({ number, step }) => [number, step])).toEqual(steps.map((step, at) => [at + 1, step]));
});
