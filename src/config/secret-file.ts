/**
 * Files that the config is or names, and who may read them. A password that any account of the machine can read is
 * no secret: the file itself must be closed to group and others when a password stands in it, a ${file:...} to
 * others. Under /run/secrets the mode is the orchestrator's and the container is the wall, so it is not looked at.
 * Only regular files are read: a pipe or a device could wait for ever.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Fault } from "../errors.js";
import type { Place } from "./document.js";
import { FillProblem } from "./fill.js";

const configLimit = 4 << 20;
const secretLimit = 64 << 10;

export interface ConfigText {
  readonly text: string;
  /** Permission bits; null where the platform has none. */
  readonly mode: number | null;
}

/** The config file's text and mode, taken from one open file so that they belong together. */
export function readConfigFile(path: string): ConfigText {
  let read: ReturnType<typeof readRegular>;
  try {
    read = readRegular(path, configLimit);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new Fault("config-missing", `There is no file ${path}.`);
    throw new Fault("config-invalid", `${path} cannot be read (${code ?? reason(error)}).`, {
      next: "Pass -c with the migration's file.",
    });
  }
  const text = decoded(read.bytes);
  if (text === null)
    throw new Fault("config-invalid", `${path} is not UTF-8 text.`, { next: "Save the file as UTF-8." });
  return { text, mode: read.mode };
}

/** The secret in a file without its last line break. `named` is how the config calls it. Throws FillProblem. */
export function readSecret(path: string, named: string): string {
  let read: ReturnType<typeof readRegular>;
  try {
    read = readRegular(path, secretLimit);
  } catch (error) {
    throw new FillProblem(0, `\${file:${named}} cannot be read (${errorCode(error) ?? reason(error)}).`);
  }
  const orchestrated = /^(?:\/var)?\/run\/secrets\//u.test(path);
  if (read.mode !== null && (read.mode & 0o007) !== 0 && !orchestrated)
    throw new FillProblem(
      0,
      `The secret file ${named} is open to every account (mode ${octal(read.mode)}): chmod o-rwx ${named}`,
      "secrets-readable",
    );
  const text = decoded(read.bytes);
  if (text === null) throw new FillProblem(0, `\${file:${named}} is not UTF-8 text.`);
  return text.replace(/\r?\n$/u, "");
}

/** A PEM file named by tls.ca; null and the reason where there is none. */
export function readPem(path: string): { readonly pem: string } | { readonly problem: string } {
  try {
    const text = decoded(readRegular(path, configLimit).bytes);
    if (text?.includes("-----BEGIN CERTIFICATE-----") === true) return { pem: text };
    return { problem: "a file without a PEM certificate" };
  } catch (error) {
    return { problem: `a file that cannot be read (${errorCode(error) ?? reason(error)})` };
  }
}

/** Fault `secrets-readable` when a file with a password in it is open to others. */
export function demandPrivate(path: string, mode: number | null, place: Place): void {
  if (mode === null || (mode & 0o077) === 0) return;
  throw new Fault(
    "secrets-readable",
    `${path}:${String(place.line)}:${String(place.column)}: a password stands here, and the file is open to others (mode ${octal(mode)}).`,
    { next: `chmod 600 ${path}` },
  );
}

function readRegular(path: string, limit: number): { bytes: Buffer; mode: number | null } {
  // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  const handle = openSync(
    path,
    constants.O_RDONLY | (process.platform === "win32" ? 0 : constants.O_NONBLOCK),
  );
  try {
    const facts = fstatSync(handle);
    if (!facts.isFile()) throw new Error("not a regular file");
    if (facts.size > limit) throw new Error(`larger than ${String(limit)} bytes`);
    return {
      bytes: readFileSync(handle),
      mode: process.platform === "win32" ? null : facts.mode & 0o777,
    };
  } finally {
    closeSync(handle);
  }
}

function decoded(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, "0")}`;
}
